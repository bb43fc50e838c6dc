package gate

import (
	"testing"

	"github.com/dockwall/dockwall/internal/host"
)

// judged checks the verdicts of a gate. Rows are a tuple (see tuple) and a verdict in one word.
func judged(t *testing.T, g *Gate, way Way, rows [][2]string) {
	t.Helper()
	for _, row := range rows {
		if got := judgement(g.Judge(tuple(t, way, host.TCP, row[0]))); got != row[1] {
			t.Errorf("%s %s: %s, not %s", way, row[0], got, row[1])
		}
	}
}

// TestNamedContainer: a rule that names a container opens what this container publishes, and its own address.
func TestNamedContainer(t *testing.T) {
	g := compile(t, shop(), "allow tcp from office to web; allow tcp from vpn to db:5432")
	judged(t, g, Ingress, [][2]string{
		{"192.168.0.7 > 203.0.113.10 80 > 172.18.0.2 8080", "allowed"},
		{"192.168.0.7 > 192.168.0.1 9000 > 172.18.0.2 9000", "allowed"},
		{"192.168.0.7 > 172.18.0.2 22", "allowed"},
		{"2001:db8:10::7 > 2001:db8::10 80 > fd00:18::2 8080", "allowed"},
		{"198.51.100.7 > 203.0.113.10 80 > 172.18.0.2 8080", "refused"},
		{"10.8.0.2 > 203.0.113.10 15432 > 172.18.0.3 5432", "allowed"},
		{"10.8.0.2 > 172.18.0.3 5432", "allowed"},
		{"10.8.0.2 > 172.18.0.3 15432", "refused"},
		{"10.8.0.2 > 203.0.113.10 9000 > 172.18.0.3 9001", "refused"},
	})
	judged(t, g, Local, [][2]string{
		{"192.168.0.7 > 203.0.113.10 80", "allowed"},
		{"192.168.0.7 > 192.168.0.1 9000", "allowed"},
		{"192.168.0.7 > 203.0.113.10 9000", "refused"},
		{"10.8.0.2 > 203.0.113.10 15432", "allowed"},
		{"10.8.0.2 > 203.0.113.10 80", "refused"},
		{"10.8.0.2 > 203.0.113.10 22", "untouched"},
	})
}

// TestAddressOfAnother: a container that gets the address of another before the next gate is compiled is not let in by
// what was said of the other, unless it publishes the same.
func TestAddressOfAnother(t *testing.T) {
	g := compile(t, shop(), "allow tcp from any to web")
	judged(t, g, Ingress, [][2]string{
		{"198.51.100.7 > 203.0.113.10 5432 > 172.18.0.2 5432", "refused"}, // publishes another port
		{"198.51.100.7 > 203.0.113.10 80 > 172.18.0.2 80", "refused"},     // the same port, led elsewhere
		{"198.51.100.7 > 203.0.113.10 9000 > 172.18.0.2 9000", "refused"}, // the same port on another address
		{"198.51.100.7 > 203.0.113.10 80 > 172.18.0.2 8080", "allowed"},   // the same
		{"198.51.100.7 > 172.18.0.9 80 > 172.18.0.2 80", "refused"},       // led from another container's address
		{"198.51.100.7 > 203.0.113.10 9001 > 172.17.0.2 8123", "refused"}, // on loopback, by a NAT rule gone wrong
		{"198.51.100.7 > 127.0.0.1 80 > 172.18.0.2 8080", "refused"},      // never from outside
		{"2001:db8:20::7 > 2001:db8::10 80 > fd00:18::3 8080", "refused"}, // the same port of another container
		{"2001:db8:20::7 > 2001:db8::10 80 > fd00:18::2 8080", "allowed"}, // the same
	})
}

func TestExcept(t *testing.T) {
	g := compile(t, shop(), "allow tcp to any except web, db:5432")
	judged(t, g, Ingress, [][2]string{
		{"198.51.100.7 > 203.0.113.10 80 > 172.18.0.2 8080", "refused"},
		{"198.51.100.7 > 172.18.0.2 22", "refused"},
		{"198.51.100.7 > 203.0.113.10 15432 > 172.18.0.3 5432", "refused"},
		{"198.51.100.7 > 172.18.0.3 5432", "refused"},
		{"198.51.100.7 > 172.18.0.3 5433", "allowed"},
		{"198.51.100.7 > 203.0.113.10 9000 > 172.18.0.3 9001", "allowed"},
		{"198.51.100.7 > 172.18.0.77 5432", "allowed"},                    // no container we know
		{"198.51.100.7 > 203.0.113.10 8443 > 172.31.0.2 8443", "allowed"}, // swarm's
		{"2001:db8:20::7 > fd00:18::2 22", "refused"},
		{"2001:db8:20::7 > fd00:18::3 22", "allowed"},
	})
	judged(t, g, Local, [][2]string{
		{"198.51.100.7 > 203.0.113.10 80", "refused"},
		{"198.51.100.7 > 203.0.113.10 15432", "refused"},
		{"198.51.100.7 > 203.0.113.10 9000", "allowed"},
		{"198.51.100.7 > 192.168.0.1 9000", "refused"},
	})
}

// TestExceptOwnPort: where `all` has a hole, the hole needs a segment of its own.
func TestExceptOwnPort(t *testing.T) {
	g := compile(t, shop(), "allow all to web except web:8080")
	judged(t, g, Ingress, [][2]string{
		{"198.51.100.7 > 172.18.0.2 8080", "refused"},
		{"198.51.100.7 > 172.18.0.2 8081", "allowed"},
		{"198.51.100.7 > 203.0.113.10 80 > 172.18.0.2 8080", "refused"},
		{"198.51.100.7 > 192.168.0.1 9000 > 172.18.0.2 9000", "allowed"},
	})
	for _, p := range []host.Protocol{host.ICMP, 47} {
		if got := judgement(g.Judge(tuple(t, Ingress, p, "198.51.100.7 > 172.18.0.2 0"))); got != "allowed" {
			t.Errorf("%s: %s", p, got)
		}
	}
}

// TestAtContainer: `at` may be a container's own address.
func TestAtContainer(t *testing.T) {
	h := shop()
	h.Containers[0].Endpoints = append(h.Containers[0].Endpoints, container("", "bridge", "172.17.0.9", "").Endpoints...)
	judged(t, compile(t, h, "allow tcp to web at 172.18.0.2"), Ingress, [][2]string{
		{"198.51.100.7 > 172.18.0.2 22", "allowed"},
		{"198.51.100.7 > 172.17.0.9 22", "refused"},
		{"198.51.100.7 > 203.0.113.10 80 > 172.18.0.2 8080", "refused"},
	})
}

// TestLoopback: a port published on loopback is the host's, also where the kernel lets its neighbours reach it there.
func TestLoopback(t *testing.T) {
	for _, defaults := range []string{"ingress: deny", "ingress: allow"} {
		g := compileAll(t, shop(), "allow all", "", defaults)
		judged(t, g, Local, [][2]string{
			{"198.51.100.7 > 127.0.0.1 9001", "refused"},
			{"198.51.100.7 > 127.0.0.1 80", "refused"},
			{"198.51.100.7 > 127.0.0.1 9000", "untouched"}, // published elsewhere
			{"198.51.100.7 > 203.0.113.10 9001", "untouched"},
			{"198.51.100.7 > 203.0.113.10 7000 > 127.0.0.1 9001", "allowed"}, // redirected by hand: judged as any port
		})
		judged(t, g, Ingress, [][2]string{{"198.51.100.7 > 127.0.0.1 9001 > 172.17.0.2 8123", "refused"}})
	}
}

// TestTwoOnOnePort: where the engine says that two containers have the same port, no rule for one of them opens it.
func TestTwoOnOnePort(t *testing.T) {
	h := shop()
	h.Containers[1] = container("db", "front", "172.18.0.3", "", "203.0.113.10 80 80")
	for ingress, want := range map[string]string{
		"allow tcp to web":            "refused",
		"allow tcp to db":             "refused",
		"allow tcp; deny tcp to db":   "refused",
		"allow tcp; deny tcp to web":  "refused",
		"allow tcp to web, db":        "allowed",
		"allow tcp; deny tcp to gone": "allowed",
	} {
		judged(t, compile(t, h, ingress), Local, [][2]string{{"198.51.100.7 > 203.0.113.10 80", want}})
	}
}

func TestSwarm(t *testing.T) {
	h := shop()
	h.Services = []host.Service{{Name: "stack_web", Protocol: host.TCP, HostPort: 8443, ContainerPort: 443}}
	g := compile(t, h, "allow 8443/tcp from office; allow 8443/tcp to stack_web")
	judged(t, g, Ingress, [][2]string{
		{"192.168.0.7 > 203.0.113.10 8443 > 172.31.0.2 8443", "allowed"},
		{"198.51.100.7 > 203.0.113.10 8443 > 172.31.0.2 8443", "refused"},
	})
	judged(t, g, Local, [][2]string{
		{"192.168.0.7 > 203.0.113.10 8443", "allowed"},
		{"2001:db8:10::7 > 2001:db8::10 8443", "allowed"},
		{"198.51.100.7 > 203.0.113.10 8443", "refused"},
	})
}

// TestLabel: a label speaks for its own container only, and for clients within.
func TestLabel(t *testing.T) {
	h := shop()
	h.Containers[0].Labels["dockwall.allow"] = "tcp from 192.168.0.0/16, 198.51.100.7"
	g := compile(t, h, "")
	judged(t, g, Ingress, [][2]string{
		{"192.168.0.7 > 203.0.113.10 80 > 172.18.0.2 8080", "allowed"},
		{"192.168.1.7 > 203.0.113.10 80 > 172.18.0.2 8080", "refused"},
		{"198.51.100.7 > 203.0.113.10 80 > 172.18.0.2 8080", "refused"},
		{"192.168.0.7 > 203.0.113.10 15432 > 172.18.0.3 5432", "refused"},
	})
	p := parse(t, h, "", "", "")
	p.Ingress[0].Within = nil
	g, err := Compile(p, h)
	if err != nil {
		t.Fatal(err)
	}
	judged(t, g, Ingress, [][2]string{{"192.168.0.7 > 203.0.113.10 80 > 172.18.0.2 8080", "refused"}})
}

// TestNamesakes: a name is that of a container and of a swarm service; the label of the one opens nothing of the other.
func TestNamesakes(t *testing.T) {
	h := shop()
	h.Containers[0].Labels["dockwall.allow"] = "tcp from office"
	h.Containers[1].Service = "web"
	judged(t, compile(t, h, "allow tcp from vpn to web"), Ingress, [][2]string{
		{"10.8.0.2 > 172.18.0.2 22", "allowed"},
		{"10.8.0.2 > 172.18.0.3 22", "allowed"},
		{"192.168.0.7 > 172.18.0.2 22", "allowed"},
		{"192.168.0.7 > 172.18.0.3 22", "refused"},
	})
}

// TestAnswers: answers of what is allowed pass whatever way they take, and are not refused for it.
func TestAnswers(t *testing.T) {
	g := compile(t, shop(), "allow 80/tcp on eno1; allow 8080/tcp; deny 8080/tcp on eno1")
	for _, test := range []struct {
		port, on string
		reply    bool
		want     string
	}{
		{"80", "eno1", false, "allowed"},
		{"80", "wg0", false, "refused"},
		{"80", "eno1", true, "allowed"},
		{"80", "wg0", true, "allowed"},
		{"8080", "eno1", false, "refused"},
		{"8080", "wg0", false, "allowed"},
		{"8080", "eno1", true, "allowed"},
		{"8080", "wg0", true, "allowed"},
		{"443", "eno1", true, "refused"},
	} {
		x := tuple(t, Ingress, host.TCP, "198.51.100.7 > 203.0.113.10 "+test.port+" > 172.18.0.2 8080")
		x.Interface, x.Reply = test.on, test.reply
		if got := judgement(g.Judge(x)); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestSenders(t *testing.T) {
	const egress = "deny 25/tcp; deny all from any except web; allow 53/udp from web, db to 1.1.1.1"
	g := compileAll(t, shop(), "", egress, "egress: deny")
	for _, test := range []struct {
		protocol    host.Protocol
		tuple, want string
	}{
		{host.UDP, "172.18.0.2 > 1.1.1.1 53", "allowed"},
		{host.UDP, "172.18.0.3 > 1.1.1.1 53", "refused"},
		{host.UDP, "172.18.0.2 > 8.8.8.8 53", "refused"},
		{host.TCP, "172.18.0.2 > 1.1.1.1 25", "refused"},
		{host.TCP, "172.18.0.2 > 1.1.1.1 443", "refused"},
		{host.UDP, "fd00:18::2 > 2001:db8::1 53", "refused"},
	} {
		if got := judgement(g.Judge(tuple(t, Egress, test.protocol, test.tuple))); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// TestZone: a link-local client's zone is no part of its address.
func TestZone(t *testing.T) {
	g := compile(t, shop(), "allow 80/tcp from fe80::/10")
	judged(t, g, Local, [][2]string{
		{"fe80::7%eno1 > fe80::1 80", "allowed"},
		{"2001:db8::7 > fe80::1 80", "refused"},
	})
}
