package access

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// web is a host with one container, published in every way.
func web() *host.Host {
	any4, any6 := netip.IPv4Unspecified(), netip.IPv6Unspecified()
	return &host.Host{Containers: []host.Container{{
		ID: "1", Name: "web", Project: "shop", Service: "web", Running: true,
		Publications: []host.Publication{
			{Protocol: host.TCP, HostAddress: any4, HostPort: 80, ContainerPort: 8080},
			{Protocol: host.TCP, HostAddress: any6, HostPort: 80, ContainerPort: 8080, Proxied: true},
			{Protocol: host.TCP, HostAddress: netip.MustParseAddr("192.0.2.1"), HostPort: 443, ContainerPort: 8443},
			{Protocol: host.TCP, HostAddress: netip.MustParseAddr("127.0.0.1"), HostPort: 9000, ContainerPort: 8080},
		}}, {
		ID: "2", Name: "stopped",
		Publications: []host.Publication{{Protocol: host.TCP, HostAddress: any4, HostPort: 81, ContainerPort: 80}}}},
		Services: []host.Service{{Name: "mesh", Protocol: host.UDP, HostPort: 53, ContainerPort: 5353}}}
}

func parsed(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, problems := policy.Parse("policy.yaml", []byte("version: 1\n"+text))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// ingress is a policy of these rules.
func ingress(t *testing.T, rules ...string) *policy.Policy {
	t.Helper()
	return parsed(t, "ingress:\n  - "+strings.Join(rules, "\n  - ")+
		"\nsets:\n  office: [192.168.0.0/24]\n  vpn: [10.8.0.0/16]\n  bad: [203.0.113.66]\n")
}

func TestPublications(t *testing.T) {
	var got []string
	for _, p := range Publications(web()) {
		got = append(got, fmt.Sprintf("%s loopback=%v proxied=%v", p, p.Loopback(), p.Proxied))
	}
	want := []string{
		"53/udp (mesh) loopback=false proxied=false",
		"80/tcp (web) loopback=false proxied=true",
		"443/tcp at 192.0.2.1 (web) loopback=false proxied=false",
		"9000/tcp at 127.0.0.1 (web) loopback=true proxied=false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Who reaches 80/tcp of the container web, under these rules.
func TestWho(t *testing.T) {
	for _, test := range []struct {
		want  string
		rules []string
	}{
		{"nobody", []string{"allow 81/tcp"}},
		{"nobody", []string{"allow 80/udp"}},
		{"any", []string{"allow 80/tcp"}},
		{"any", []string{"allow all"}},
		{"any", []string{"allow tcp"}},
		{"any", []string{"allow 79-81/tcp from office", "allow 80/tcp"}},
		{"office", []string{"allow 80/tcp from office"}},
		{"192.168.0.0/24, vpn", []string{"allow 80/tcp from 192.168.0.0/24,vpn"}},
		{"office, vpn", []string{"allow 80/tcp from office", "allow 80/tcp from vpn", "allow all from office"}},
		{"any except bad", []string{"allow 80/tcp from any except bad"}},
		{"any except bad", []string{"allow 80/tcp", "deny all from bad"}},
		{"office except bad", []string{"deny all from bad", "allow 80/tcp from office"}},
		{"any except office, but not bad", []string{"allow 80/tcp from any except office", "deny all from bad"}},
		{"office, but not any except vpn", []string{"allow 80/tcp from office", "deny all from any except vpn"}},
		{"vpn; any except office", []string{"allow 80/tcp from any except office", "allow 80/tcp from vpn"}},
		{"nobody", []string{"allow 80/tcp", "deny 80/tcp"}},
		{"any, but not any on eno1", []string{"allow 80/tcp", "deny all on eno1"}},
		{"any on eno1", []string{"allow 80/tcp on eno1"}},
		{"any at 192.0.2.1", []string{"allow 80/tcp at 192.0.2.1"}},
		{"any", []string{"allow 80/tcp to web"}},
		{"any", []string{"allow tcp to shop/web:8080"}},
		{"nobody", []string{"allow tcp to shop/web:80"}},
		{"nobody", []string{"allow 80/tcp to db"}},
		{"nobody", []string{"allow 80/tcp to any except web"}},
		{"any", []string{"allow 80/tcp to any except db"}},
	} {
		p := ingress(t, test.rules...)
		h := web()
		if got := (Policy{Policy: p}).Who(Publications(h)[1], h); got != test.want {
			t.Errorf("%s: %s; want %s", strings.Join(test.rules, "; "), got, test.want)
		}
	}
}

// At the one address that a port is published on, `at` narrows nothing; at another one, the rule is not about the port.
func TestWhoAt(t *testing.T) {
	h := web()
	https := Publications(h)[2]
	for rule, want := range map[string]string{"allow all at 192.0.2.1": "any", "allow all at 192.0.2.2": "nobody"} {
		if got := (Policy{Policy: ingress(t, rule)}).Who(https, h); got != want {
			t.Errorf("%s: %s; want %s", rule, got, want)
		}
	}
}

// No rule opens loopback, and nothing of dockwall's is needed to close it.
func TestWhoLoopback(t *testing.T) {
	h := web()
	local := Publications(h)[3]
	for name, state := range map[string]State{"open": Open{}, "policy": Policy{Policy: ingress(t, "allow all")}} {
		if got := state.Who(local, h); got != "nobody" {
			t.Errorf("%s: %s, want nobody", name, got)
		}
	}
}

func TestWhoDefaultAllow(t *testing.T) {
	h := web()
	p := parsed(t, "ingress:\n  - deny 80/tcp from 10.0.0.1\ndefaults: {ingress: allow}\n")
	if got := (Policy{Policy: p}).Who(Publications(h)[1], h); got != "any except 10.0.0.1" {
		t.Errorf("got %s", got)
	}
}

// A label opens its own container only, and never more than `within`.
func TestWhoLabel(t *testing.T) {
	for label, want := range map[string]string{"80/tcp": "office", "80/tcp from vpn": "vpn within office"} {
		h := web()
		h.Containers[0].Labels = map[string]string{"dockwall.allow": label}
		p, problems := parsed(t, "labels: {within: office}\nsets:\n  office: [192.168.0.0/24]\n  vpn: [192.168.0.0/16]\n").
			WithLabels(h)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		publications := Publications(h)
		if got := (Policy{Policy: p}).Who(publications[1], h); got != want {
			t.Errorf("%s: 80/tcp is for %s, want %s", label, got, want)
		}
		if got := (Policy{Policy: p}).Who(publications[2], h); got != "nobody" {
			t.Errorf("%s: 443/tcp is for %s, want nobody", label, got)
		}
	}
}

// line is an installed line of a sentence, dispatched from a tcp port (0: from all others).
func line(t *testing.T, section policy.Section, sentence string, port uint16) backend.Line {
	t.Helper()
	r, problems := policy.ParseSentence(section, sentence)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	l := backend.Line{Way: backend.Ingress, Action: r.Action, Rule: gate.NewRuleRef(r)}
	if section == policy.Egress {
		l.Way = backend.Egress
	}
	if port != 0 {
		l.Ports = []backend.Ports{{Protocol: host.TCP, First: port, Last: port}}
	}
	return l
}

// Who reaches what is told by the comments of the rules that a port leads to.
func TestInstalled(t *testing.T) {
	closed := backend.Line{Way: backend.Ingress, Default: true, Action: policy.Deny}
	office := line(t, policy.Ingress, "allow 80/tcp from office", 80)
	elsewhere := line(t, policy.Ingress, "allow tcp from vpn", 8080)
	everywhere := line(t, policy.Ingress, "allow all from bad", 0)
	for _, test := range []struct {
		name  string
		lines []backend.Line
		want  string
	}{
		{"nothing", nil, "any"},
		{"only the default", []backend.Line{closed}, "nobody"},
		{"its port", []backend.Line{office, elsewhere, everywhere, closed}, "office"},
		{"other ports", []backend.Line{elsewhere, everywhere, closed}, "bad"},
		{"both families", []backend.Line{office, office, closed}, "office"},
	} {
		h := web()
		i := NewInstalled(&backend.Installed{Lines: test.lines}, nil)
		if got := i.Who(Publications(h)[1], h); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// A sentence that was too long for its comment is known by its hash if the policy still has it, and else it is said.
func TestInstalledLongSentence(t *testing.T) {
	sources := make([]string, 20)
	for i := range sources {
		sources[i] = fmt.Sprintf("10.0.0.%d", i)
	}
	sentence := "allow 80/tcp from " + strings.Join(sources, ",")
	lines := &backend.Installed{Lines: []backend.Line{line(t, policy.Ingress, sentence, 80)}}
	h := web()
	port := Publications(h)[1]
	if got := NewInstalled(lines, nil).Who(port, h); got != unreadable {
		t.Errorf("unknown: %s", got)
	}
	lines.Lines = append(lines.Lines, backend.Line{Way: backend.Ingress, Default: true, Action: policy.Deny})
	if got, want := NewInstalled(lines, ingress(t, sentence)).Who(port, h), strings.Join(sources, ", "); got != want {
		t.Errorf("known: %s, want %s", got, want)
	}
}

func TestCompareEgress(t *testing.T) {
	h := web()
	p := parsed(t, "egress:\n  - deny all to 169.254.169.254\n  - allow 443/tcp\n")
	g, err := gate.Compile(p, h)
	if err != nil {
		t.Fatal(err)
	}
	after := Policy{Policy: p, Gate: g}
	got := CompareEgress(Open{}, after)
	if fmt.Sprint(got) != "{[deny all to 169.254.169.254] [] allow allow}" {
		t.Errorf("from nothing: %v", got)
	}
	before := NewInstalled(&backend.Installed{Lines: []backend.Line{
		line(t, policy.Egress, "deny 25/tcp", 25),
		line(t, policy.Egress, "deny all to 169.254.169.254", 0),
		{Way: backend.Egress, Default: true, Action: policy.Deny},
	}}, p)
	got = CompareEgress(before, after)
	if fmt.Sprint(got) != "{[] [deny 25/tcp to any] deny allow}" || !got.Changed() {
		t.Errorf("from another policy: %v", got)
	}
	if CompareEgress(after, after).Changed() {
		t.Error("a policy differs from itself")
	}
}
