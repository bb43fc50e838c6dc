package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
)

// conversation reads "eno1 192.168.0.7 > 203.0.113.10 8123/tcp", with ">OUT" behind the interface for egress.
func conversation(t *testing.T, text string) Conversation {
	t.Helper()
	words := strings.Fields(text)
	if len(words) != 5 || words[2] != ">" {
		t.Fatalf("conversation %q", text)
	}
	var c Conversation
	c.In, c.Out, _ = strings.Cut(words[0], ">")
	c.Source, c.Destination = netip.MustParseAddr(words[1]), netip.MustParseAddr(words[3])
	number, name, numbered := strings.Cut(words[4], "/")
	if !numbered {
		name = words[4]
	} else if _, err := fmt.Sscan(number, &c.Port); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.Protocol, err = host.ParseProtocol(name); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDecide(t *testing.T) {
	const (
		click   = "eno1 192.168.0.7 > 203.0.113.10 8123/tcp"
		click6  = "eno1 2001:db8:10::7 > 2001:db8:10::10 8123/tcp"
		nginx   = "eno1 198.51.100.7 > 203.0.113.10 7777/tcp"
		db      = "eno1 192.168.0.7 > 203.0.113.10 15432/tcp"
		direct  = "eno1 192.168.0.7 > 172.17.0.3 80/tcp"
		unknown = "eno1 192.168.0.7 > 172.17.0.77 80/tcp"
		web     = "eno1 192.168.0.7 > 203.0.113.10 443/tcp"
		mesh    = "eno1 192.168.0.7 > 203.0.113.10 8080/tcp"
		out     = "docker0>eno1 172.17.0.2 > 1.1.1.1 443/tcp"
		outWeb  = "br-shop>eno1 172.18.0.2 > 1.1.1.1 443/tcp"
		outWho  = "docker0>eno1 172.17.0.77 > 1.1.1.1 443/tcp"
	)
	for _, row := range []struct{ policy, conversation, want string }{
		// The default, allow, deny, and that a deny wins wherever it stands.
		{"", click, "refused"},
		{"allow 8123/tcp", click, "allowed"},
		{"allow all", click, "allowed"},
		{"allow tcp", click, "allowed"},
		{"allow udp", click, "refused"},
		{"allow 8123/udp", click, "refused"},
		{"allow 8000-9000/tcp", click, "allowed"},
		{"allow 8000-8122,8124-9000/tcp", click, "refused"},
		{"allow 1/tcp 8123/tcp", click, "allowed"},
		{"allow 8123/tcp; deny 8123/tcp from office", click, "refused"},
		{"deny 8123/tcp from office; allow 8123/tcp", click, "refused"},
		{"deny all from vpn; allow 8123/tcp", click, "allowed"},
		// Sources.
		{"allow 8123/tcp from office", click, "allowed"},
		{"allow 8123/tcp from office", click6, "allowed"},
		{"allow 8123/tcp from office", "eno1 198.51.100.7 > 203.0.113.10 8123/tcp", "refused"},
		{"allow 8123/tcp from vpn,office", click, "allowed"},
		{"allow 8123/tcp from vpn", click, "refused"},
		{"allow 8123/tcp from nobody", click, "refused"},
		{"allow 8123/tcp from any except nobody", click, "allowed"},
		{"allow 8123/tcp from 192.168.0.7", click, "allowed"},
		{"allow 8123/tcp from 192.168.0.8", click, "refused"},
		{"allow 8123/tcp from 192.168.0.1-192.168.0.7", click, "allowed"},
		{"allow 8123/tcp from 192.168.0.8-192.168.0.9", click, "refused"},
		{"allow 8123/tcp from office except 192.168.0.7", click, "refused"},
		{"allow 8123/tcp from office except 192.168.0.8", click, "allowed"},
		{"allow 8123/tcp from any except vpn", click, "allowed"},
		{"allow 8123/tcp from any except office", click, "refused"},
		// The dialled port is the published one; a port behind a container is its own.
		{"allow 7777/tcp", nginx, "allowed"},
		{"allow 80/tcp", nginx, "refused"},
		{"allow 7777/tcp to nginx:80", nginx, "allowed"},
		{"allow tcp to nginx:80", nginx, "allowed"},
		{"allow all to nginx:80", nginx, "allowed"},
		{"allow udp to nginx:80", nginx, "refused"},
		{"allow udp to nginx:80", "eno1 198.51.100.7 > 203.0.113.10 7777/udp", "allowed"},
		{"allow tcp to nginx:7777", nginx, "refused"},
		{"allow 80/tcp to nginx:80", nginx, "refused"},
		{"allow tcp from office to shop/db:5432", db, "allowed"},
		{"allow 5432/tcp from office to shop/db", db, "refused"},
		// Containers by every kind of name.
		{"allow tcp to nginx", nginx, "allowed"},
		{"allow tcp to clickhouse", nginx, "refused"},
		{"allow tcp to clickhouse,nginx", nginx, "allowed"},
		{"allow tcp to any except nginx", nginx, "refused"},
		{"allow tcp to any except clickhouse", nginx, "allowed"},
		{"allow tcp to any except nginx:81", nginx, "allowed"},
		{"allow tcp to any except nginx:80", nginx, "refused"},
		{"allow tcp to network:bridge except clickhouse", nginx, "allowed"},
		{"allow tcp to network:bridge except nginx", nginx, "refused"},
		{"allow tcp to network:shop", nginx, "refused"},
		{"allow tcp to network:shop", web, "allowed"},
		{"allow tcp to shop/web", web, "allowed"},
		{"allow tcp to shop/db", web, "refused"},
		{"allow tcp to shop-web-1", web, "allowed"},
		{"allow tcp to label:role", db, "allowed"},
		{"allow tcp to label:role=db", db, "allowed"},
		{"allow tcp to label:role=web", db, "refused"},
		{"allow tcp to label:role=", db, "refused"},
		{"allow tcp to label:missing", db, "refused"},
		// A container that joined another's network means that network stack, while it runs.
		{"allow tcp to sidecar", web, "allowed"},
		{"allow tcp to label:role=proxy", web, "allowed"},
		{"allow tcp to stopped-sidecar", web, "refused"},
		{"allow tcp to label:role=stopped", web, "refused"},
		// A bare name is also that of a swarm service, but not that of a service of Compose.
		{"allow tcp to stack_worker", "eno1 192.168.0.7 > 172.17.0.10 80/tcp", "allowed"},
		{"allow tcp to stack_worker.1.x7", "eno1 192.168.0.7 > 172.17.0.10 80/tcp", "allowed"},
		{"allow tcp to web", web, "refused"},
		// Where: interface and dialled address.
		{"allow 8123/tcp on eno1", click, "allowed"},
		{"allow 8123/tcp on wg0", click, "refused"},
		{"allow 8123/tcp on wg0", "wg0 10.8.0.7 > 10.8.0.1 8123/tcp", "allowed"},
		{"allow 8123/tcp on wg0", "wg0 10.8.0.7 > 203.0.113.10 8123/tcp", "allowed"},
		{"allow 8123/tcp at 203.0.113.10", click, "allowed"},
		{"allow 8123/tcp at 192.168.0.10", click, "refused"},
		{"allow 8123/tcp; deny all at 203.0.113.10", click, "refused"},
		// Host addresses: a port published on one is nothing on another; loopback is the host's own.
		{"allow all", "eno1 192.168.0.7 > 192.168.0.10 15432/tcp", "untouched"},
		{"allow all", "eno1 192.168.0.7 > 127.0.0.1 5432/tcp", "refused: published on loopback only"},
		{"allow all", "eno1 192.168.0.7 > 127.0.0.1 8123/tcp", "refused: published on loopback only"},
		{"allow all", "eno1 192.168.0.7 > 127.0.0.1 22/tcp", "untouched"},
		{"allow all", "eno1 192.168.0.7 > 203.0.113.10 5432/tcp", "untouched"},
		// Direct routing to a container's address: the dialled port is the container's; unknown addresses are judged too.
		{"", direct, "refused"},
		{"allow 80/tcp", direct, "allowed"},
		{"allow 7777/tcp", direct, "refused"},
		{"allow 80/tcp to nginx", direct, "allowed"},
		{"allow tcp to nginx:80", direct, "allowed"},
		{"allow 80/tcp at 172.17.0.3", direct, "allowed"},
		{"", unknown, "refused"},
		{"allow 80/tcp", unknown, "allowed"},
		{"allow 80/tcp to any except nginx", unknown, "allowed"},
		{"allow 80/tcp to network:bridge", unknown, "refused"},
		{"allow 9999/tcp to old", "eno1 192.168.0.7 > 172.17.0.9 9999/tcp", "refused"},
		{"allow icmp", "eno1 192.168.0.7 > 172.17.0.3 icmp", "allowed"},
		{"allow tcp", "eno1 192.168.0.7 > 172.17.0.3 icmp", "refused"},
		{"allow all", "eno1 192.168.0.7 > 172.17.0.3 icmp", "allowed"},
		{"allow icmp to nginx", "eno1 192.168.0.7 > 172.17.0.3 icmp", "allowed"},
		{"allow all to nginx:80", "eno1 192.168.0.7 > 172.17.0.3 icmp", "refused"},
		{"allow all", "eno1 2001:db8:10::7 > fd00:18::2 80/tcp", "allowed"},
		// Swarm's mesh: no rule knows the container behind it.
		{"", mesh, "refused"},
		{"allow 8080/tcp from office", mesh, "allowed"},
		{"allow 8080/tcp to stack_api", mesh, "refused"},
		// What the policy has no say in.
		{"", "eno1 192.168.0.7 > 203.0.113.10 22/tcp", "untouched"},
		{"", "eno1 192.168.0.7 > 203.0.113.10 9999/tcp", "untouched"},
		{"", "eno1 192.168.0.7 > 203.0.113.10 icmp", "untouched"},
		{"", "eno1 192.168.0.7 > 172.17.0.1 22/tcp", "untouched"},
		{"", "eno1 192.168.0.7 > 192.168.0.200 80/tcp", "untouched"},
		{"", "eno1>eno2 192.168.0.7 > 203.0.113.130 80/tcp", "untouched"},
		{"", "lo 127.0.0.1 > 127.0.0.1 8123/tcp", "untouched"},
		{"", "br-shop 172.18.0.2 > 172.17.0.1 8123/tcp", "untouched"},
		{"", "br-shop>docker0 172.18.0.2 > 172.17.0.2 8123/tcp", "untouched"},
		{"egress: deny all", "br-shop>docker0 172.18.0.2 > 172.17.0.2 8123/tcp", "untouched"},
		// Egress.
		{"", out, "allowed"},
		{"deny all", out, "allowed"},
		{"egress: deny all", out, "refused"},
		{"egress: deny all to 1.1.1.1", out, "refused"},
		{"egress: deny all to 1.1.1.2", out, "allowed"},
		{"egress: deny all to any except 1.1.1.1", out, "allowed"},
		{"egress: deny 443/tcp to any", out, "refused"},
		{"egress: deny 80/tcp to any", out, "allowed"},
		{"egress: deny all from clickhouse", out, "refused"},
		{"egress: deny all from nginx", out, "allowed"},
		{"egress: deny all from any except clickhouse", out, "allowed"},
		{"egress: deny all from network:bridge", out, "refused"},
		{"egress: deny all from label:role=db to 1.0.0.0/8", out, "refused"},
		{"egress: deny all from shop/web", outWeb, "refused"},
		{"egress: deny all from sidecar", outWeb, "refused"},
		{"egress: deny all on eno1", out, "refused"},
		{"egress: deny all on eno2", out, "allowed"},
		{"egress: deny all from network:bridge", outWho, "allowed"},
		{"egress: deny all from any except clickhouse", outWho, "refused"},
		{"egress: deny all; egress: allow all to 1.1.1.1", out, "refused"},
		{"egress: deny icmp", "docker0>eno1 172.17.0.2 > 1.1.1.1 icmp", "refused"},
		{"egress: deny tcp", "docker0>eno1 172.17.0.2 > 1.1.1.1 icmp", "allowed"},
	} {
		d := Decide(policyOf(t, row.policy), testHost(), conversation(t, row.conversation))
		result := map[string]string{"not judged": "untouched"}[d.result()]
		if result == "" {
			result = d.result()
		}
		want, reason, _ := strings.Cut(row.want, ": ")
		if result != want || !strings.Contains(d.Reason, reason) {
			t.Errorf("%q: %s: %s (%s), want %s", row.policy, row.conversation, result, d.Reason, row.want)
		}
	}
}

// The defaults decide what no rule decides, in both sections.
func TestDecideDefaults(t *testing.T) {
	p := policyOf(t, "")
	p.Defaults = Defaults{Ingress: Allow, Egress: Deny}
	for text, want := range map[string]bool{
		"eno1 198.51.100.7 > 203.0.113.10 8123/tcp":   true,
		"docker0>eno1 172.17.0.2 > 1.1.1.1 443/tcp":   false,
		"docker0>eno1 172.17.0.77 > 1.1.1.1 443/tcp":  false,
		"eno1 198.51.100.7 > 203.0.113.10 7777/udp":   true,
		"eno1 2001:db8::7 > 2001:db8:10::10 8080/tcp": true,
	} {
		if d := Decide(p, testHost(), conversation(t, text)); !d.Governed || d.Allowed != want || d.Rule != nil {
			t.Errorf("%s: %+v, want allowed %v by default", text, d, want)
		}
	}
}

// Two containers that both claim a port (the engine does not allow it): all of them must be allowed.
func TestDecideSeveralTargets(t *testing.T) {
	h := testHost()
	h.Containers[1].Publications = publications("8123:80/tcp")
	c := conversation(t, "eno1 192.168.0.7 > 203.0.113.10 8123/tcp")
	for sentences, want := range map[string]bool{
		"allow tcp to nginx":            false,
		"allow tcp to clickhouse":       false,
		"allow tcp to clickhouse,nginx": true,
		"allow 8123/tcp":                true,
	} {
		if d := Decide(policyOf(t, sentences), h, c); d.Allowed != want {
			t.Errorf("%q: allowed %v, want %v (%s)", sentences, d.Allowed, want, d.Reason)
		}
	}
}

// A decision says which rule made it, with its place, and what the conversation would reach.
func TestDecideReason(t *testing.T) {
	p := policyOf(t, "allow 7777/tcp from office; deny all from vpn")
	d := Decide(p, testHost(), conversation(t, "eno1 192.168.0.7 > 203.0.113.10 7777/tcp"))
	const want = "policy.yaml:8:6: allow 7777/tcp from office"
	if d.Reason != want || d.Rule == nil || d.Target.Container.Name != "nginx" || d.Target.Port != 80 {
		t.Errorf("got %+v, want reason %q", d, want)
	}
}

// A selector that nobody has filled in names nothing.
func TestEmptySelector(t *testing.T) {
	h := testHost()
	for i := range h.Containers {
		if (&ContainerSelector{}).Matches(h, &h.Containers[i]) {
			t.Errorf("it names %s", h.Containers[i].Name)
		}
	}
}
