package initial

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/publication"
)

// On every recorded host, the policy is without errors and warnings, and everybody reaches what they reached.
func TestRecordedHosts(t *testing.T) {
	dirs, err := filepath.Glob("../host/testdata/hosts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, dir := range dirs {
		h, err := host.LoadRecording(dir)
		if err != nil {
			t.Fatal(err)
		}
		checkKeeps(t, h)
	}
}

// checkKeeps checks that the policy of the host keeps what is reachable now, and gives its text.
func checkKeeps(t *testing.T, h *host.Host) string {
	t.Helper()
	text, err := Policy(h)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Parse("policy.yaml", text)
	if problems = append(problems, p.Check(h)...); len(problems) > 0 {
		t.Errorf("the policy of %s has problems: %s\n%s", h.Name, problems.Caret(), text)
	}
	for _, one := range publication.All(h) {
		for _, at := range one.Addresses {
			if dialled := ownAddress(h, at); dialled.IsValid() && !dialled.IsLoopback() {
				checkDecides(t, p, h, dialled, one, string(text))
			}
		}
	}
	return string(text)
}

// ownAddress is an address of the host that a client dials for a publication's address; none, if it has none of the family.
func ownAddress(h *host.Host, published netip.Addr) netip.Addr {
	if !published.IsUnspecified() {
		return published
	}
	for _, i := range h.Interfaces {
		for _, p := range i.Addresses {
			if !i.Loopback && !h.Inside(i.Name) && p.Addr().Is4() == published.Is4() {
				return p.Addr()
			}
		}
	}
	return netip.Addr{}
}

// checkDecides checks that anybody reaches a publication at an address.
func checkDecides(t *testing.T, p *policy.Policy, h *host.Host, dialled netip.Addr, one publication.Publication, text string) {
	t.Helper()
	client := netip.MustParseAddr("198.51.100.7")
	if dialled.Is6() {
		client = netip.MustParseAddr("2001:db8:ffff::7")
	}
	d := policy.Decide(p, h, policy.Conversation{In: "eno1", Source: client, Destination: dialled, Protocol: one.Protocol, Port: one.Port})
	if !d.Governed || !d.Allowed {
		t.Errorf("%s, %s at %s: governed %v, allowed %v: %s\n%s", h.Name, one, dialled, d.Governed, d.Allowed, d.Reason, text)
	}
}

// checkReaches checks by the policy's meaning that an address of the host is reached, or not.
func checkReaches(t *testing.T, h *host.Host, text, address string, port uint16, want bool) {
	t.Helper()
	p, _ := policy.Parse("policy.yaml", []byte(text))
	d := policy.Decide(p, h, policy.Conversation{In: "eno1", Source: netip.MustParseAddr("198.51.100.7"),
		Destination: netip.MustParseAddr(address), Protocol: host.TCP, Port: port})
	if !d.Governed || d.Allowed != want {
		t.Errorf("%s port %d: governed %v, allowed %v, want allowed %v: %s\n%s",
			address, port, d.Governed, d.Allowed, want, d.Reason, text)
	}
}

// published is a host with one container that has the publications.
func published(c host.Container, publications ...host.Publication) *host.Host {
	c.ID, c.Running, c.Publications = "0123456789ab", true, publications
	c.Endpoints = []host.Endpoint{{Network: "bridge", IPv4: netip.MustParseAddr("172.17.0.2")}}
	addresses := []netip.Prefix{netip.MustParsePrefix("203.0.113.10/24"), netip.MustParsePrefix("192.0.2.1/24")}
	return &host.Host{Name: "server", Containers: []host.Container{c},
		Interfaces: []host.Interface{{Name: "eno1", Up: true, Addresses: addresses}}}
}

func tcp(address string, port, container uint16) host.Publication {
	return host.Publication{Protocol: host.TCP, HostAddress: netip.MustParseAddr(address), HostPort: port,
		ContainerPort: container}
}

// A port that Docker chose is another one after the next start: the rule names the container's own.
func TestEphemeralPort(t *testing.T) {
	h := published(host.Container{Name: "web"}, tcp("0.0.0.0", 32768, 80))
	text := checkKeeps(t, h)
	if !strings.Contains(text, "  - allow tcp from any to web:80\n") {
		t.Errorf("the rule does not name the container's port:\n%s", text)
	}
	h.Containers[0].Publications[0].HostPort = 32790
	checkReaches(t, h, text, "203.0.113.10", 32790, true)
}

// A container made anew has another name, and is found again by its service.
func TestService(t *testing.T) {
	for want, c := range map[string]host.Container{
		"shop/web": {Name: "shop-web-1", Project: "shop", Service: "web"},
		"stack_db": {Name: "stack_db.1.x7", Service: "stack_db"},
		"plain":    {Name: "plain"},
	} {
		text := checkKeeps(t, published(c, tcp("0.0.0.0", 80, 80)))
		if !strings.Contains(text, "  - allow 80/tcp from any to "+want+"\n") {
			t.Errorf("%s is not named:\n%s", want, text)
		}
	}
}

// A port published on one address stays closed on the others.
func TestOneAddress(t *testing.T) {
	h := published(host.Container{Name: "web"}, tcp("192.0.2.1", 80, 80), tcp("127.0.0.1", 80, 80))
	text := checkKeeps(t, h)
	checkReaches(t, h, text, "192.0.2.1", 80, true)
	h.Containers[0].Publications[0].HostAddress = netip.IPv4Unspecified()
	checkReaches(t, h, text, "203.0.113.10", 80, false)
}

// A swarm's service has no container here.
func TestSwarmService(t *testing.T) {
	h := &host.Host{Name: "node",
		Services: []host.Service{{Name: "web", Protocol: host.TCP, HostPort: 80, ContainerPort: 8080}}}
	if text := checkKeeps(t, h); !strings.Contains(text, "  # web, a service of the swarm: ") {
		t.Errorf("the service is not named:\n%s", text)
	}
}

// Names that mean something else to the language name nobody; the port stays open all the same.
func TestNamesOfTheLanguage(t *testing.T) {
	for _, name := range []string{"any", "10.0.0.1", "except", "from"} {
		h := published(host.Container{Name: name}, tcp("0.0.0.0", 80, 80))
		checkReaches(t, h, checkKeeps(t, h), "203.0.113.10", 80, true)
	}
}

// Nothing that a host says about itself gets out of a comment.
func TestHostileNames(t *testing.T) {
	const evil = "x\n  - allow all from any\n#\u202e\x1b[2J"
	h := published(host.Container{Name: "web", Project: evil, Service: evil}, tcp("0.0.0.0", 80, 80))
	h.Name, h.Warnings = evil, []string{evil}
	h.Services = []host.Service{{Name: evil, Protocol: host.UDP, HostPort: 53, ContainerPort: 53}}
	text := checkKeeps(t, h)
	p, _ := policy.Parse("policy.yaml", []byte(text))
	if got := fmt.Sprint(p.Ingress); got != "[allow 53/udp from any allow 80/tcp from any to web]" {
		t.Errorf("the rules are %s:\n%s", got, text)
	}
	if strings.ContainsAny(text, "\x1b\u202e") {
		t.Errorf("control characters are in the policy:\n%q", text)
	}
}

// Nothing is published: the policy closes nothing that was open, and can be edited line by line.
func TestNothingPublished(t *testing.T) {
	text := checkKeeps(t, &host.Host{Name: "empty"})
	if _, err := policy.AddRule([]byte(text), policy.Ingress, "allow 80/tcp"); err != nil {
		t.Errorf("a rule cannot be added: %v", err)
	}
}
