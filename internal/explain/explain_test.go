package explain

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/xtables"
)

// saved is a machine with the rules of an iptables-save.
func saved(t *testing.T, text string) *netfilter.Machine {
	t.Helper()
	tables, unread := xtables.Parse(text, netfilter.IPv4, netfilter.XtablesNFT, nil)
	return &netfilter.Machine{Rules: &netfilter.Ruleset{Tables: tables, Unread: unread}}
}

func text(m *Map) string {
	var b strings.Builder
	m.Text(&b, plain)
	return b.String()
}

const crowded = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:DOCKER-FORWARD - [0:0]
:ts-forward - [0:0]
:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
:f2b-sshd - [0:0]
:mine - [0:0]
-A INPUT -p tcp --dport 22 -j f2b-sshd
-A INPUT -j ufw-before-input
-A ufw-before-input -j ufw-user-input
-A FORWARD -j ts-forward
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A FORWARD -j mine
-A DOCKER-USER -s 10.0.0.0/8 -j DROP
COMMIT
`

// Every program stands where its chains are, in the order in which packets meet them.
func TestPrograms(t *testing.T) {
	m := New(saved(t, crowded), &host.Host{Name: "crowded"})
	got := text(m)
	for _, want := range []string{
		"filter FORWARD  IPv4  iptables-nft  4 rules, else drop  → Tailscale, DOCKER-USER (1 rule), Docker, mine (0 rules)",
		"filter INPUT  IPv4  iptables-nft  2 rules, else drop  → fail2ban, ufw",
		"rules of Tailscale stand before DOCKER-USER in FORWARD",
		"dockwall has no rules here",
	} {
		if !strings.Contains(squeezed(got), squeezed(want)) {
			t.Errorf("the map does not say %q:\n%s", want, got)
		}
	}
}

// squeezed has one space where the columns need several.
func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// Where dockwall stands is said, for both of its backends.
func TestDockwall(t *testing.T) {
	m := New(saved(t, "*filter\n:FORWARD ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n:DOCKWALL-FORWARD - [0:0]\n"+
		"-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -j DOCKWALL-FORWARD\nCOMMIT\n"), &host.Host{})
	if got := text(m); !strings.Contains(got, "dockwall stands in forward 0") {
		t.Errorf("the map does not say where dockwall is:\n%s", got)
	}
}

// Nothing known is a map too: without rules, without an engine, without a host's name.
func TestEmpty(t *testing.T) {
	m := New(&netfilter.Machine{Missing: []string{"nothing is known"}}, &host.Host{})
	var svg, page bytes.Buffer
	if err := m.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	if err := m.HTML(&page); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg.Bytes())
	if !strings.Contains(text(m), "nothing is known") {
		t.Error("the map does not say what is missing")
	}
	data, err := json.Marshal(m)
	if err != nil || bytes.Contains(data, []byte("null")) {
		t.Errorf("as JSON: %s, %v; want lists without null", data, err)
	}
}

// Text from elsewhere plays no tricks, neither on a terminal nor in a drawing.
func TestHostile(t *testing.T) {
	evil := "\x1b[31m<script>alert(1)</script>\"&\u202e"
	m := saved(t, crowded)
	m.Interfaces = []host.Interface{{Name: evil, Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}}}
	m.Missing = []string{evil}
	for _, table := range m.Rules.Tables {
		table.Chains[0].Name = evil
	}
	h := &host.Host{Name: evil, Networks: []host.Network{{Name: evil, Driver: evil, Bridge: evil + "0"}},
		Containers: []host.Container{{Name: evil, Running: true, HostNetwork: true,
			Endpoints: []host.Endpoint{{Network: evil}}}}}
	drawn := New(m, h)
	var svg, page bytes.Buffer
	if err := drawn.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	if err := drawn.HTML(&page); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg.Bytes())
	for _, view := range []string{text(drawn), svg.String(), page.String()} {
		if strings.ContainsAny(view, "\x1b\u202e") {
			t.Error("a view has an escape in it")
		}
	}
	for _, view := range []string{svg.String(), page.String()} {
		if strings.Contains(view, "<script") {
			t.Error("a drawing has a script in it")
		}
	}
}
