package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// segments is what a dispatch tells apart: "80/tcp:2" is a segment with two lines.
func segments(d Dispatch) string {
	var words []string
	add := func(name string, c *Chain) {
		if c != nil {
			words = append(words, fmt.Sprintf("%s:%d", name, len(c.Lines)))
		}
	}
	for _, s := range d.Segments {
		add(portsText(s), s.Chain)
	}
	add("echo", d.Echo)
	add("other", d.Other)
	return strings.Join(words, " ")
}

func TestSegments(t *testing.T) {
	for _, test := range []struct{ ingress, v4, v6 string }{
		{"", "", ""},
		{"allow 80/tcp", "80/tcp:1", "80/tcp:1"},
		{"allow 80,443/tcp 443/udp", "80/tcp:1 443/tcp:1 443/udp:1", "80/tcp:1 443/tcp:1 443/udp:1"},
		{"allow 80/tcp from vpn", "80/tcp:1", ""},
		{"allow 80/tcp from ::/0", "", "80/tcp:1"},
		{"allow 80/tcp from nobody", "", ""},
		{"allow 80/tcp from office except office", "", ""},
		{"allow 80/tcp at 203.0.113.10", "80/tcp:1", ""},
		{"allow 80/tcp from 2001:db8::1 at 203.0.113.10", "", ""},
		{"allow tcp", "0-65535/tcp:1", "0-65535/tcp:1"},
		{"allow icmp", "echo:1", "echo:1"},
		{"allow all", "other:1", "other:1"},
		{"allow all; allow 80/tcp", "80/tcp:2 other:1", "80/tcp:2 other:1"},
		{"allow all; allow icmp", "echo:2 other:1", "echo:2 other:1"},
		{"allow 80/tcp; allow 81/tcp", "80/tcp:1 81/tcp:1", "80/tcp:1 81/tcp:1"},
		{"allow 80-81/tcp; allow 81-82/tcp", "80/tcp:1 81/tcp:2 82/tcp:1", "80/tcp:1 81/tcp:2 82/tcp:1"},
		{"allow 80-82/tcp; allow 82,80/tcp", "80/tcp:2 81/tcp:1 82/tcp:2", "80/tcp:2 81/tcp:1 82/tcp:2"},
		{"allow 80,80-90,85/tcp", "80-90/tcp:1", "80-90/tcp:1"},
		{"allow 1-65535/tcp; deny 65535/tcp", "1-65534/tcp:1 65535/tcp:2", "1-65534/tcp:1 65535/tcp:2"},

		// A container by its published port and by its own address.
		{"allow 80/tcp to web", "80/tcp:2", "80/tcp:2"},
		{"allow 8080/tcp to web", "8080/tcp:1", "8080/tcp:1"},
		{"allow tcp to db", "0-8999/tcp:1 9000/tcp:2 9001-15431/tcp:1 15432/tcp:2 15433-65535/tcp:1", ""},
		{"allow tcp to db:5432", "5432/tcp:1 15432/tcp:1", ""},
		{"allow 15432/tcp to db:5432", "15432/tcp:1", ""},
		{"allow 5432/tcp to db:5432", "5432/tcp:1", ""},
		{"allow 80/tcp to gone", "", ""},
		{"allow icmp to db", "echo:1", ""},
		{"allow all to db:5432", "5432/tcp:1 15432/tcp:1 5432/udp:1 5432/sctp:1", ""},
		{"allow tcp to local", "0-65535/tcp:1", ""}, // no line for 9001: it is published on loopback
	} {
		g := compile(t, shop(), test.ingress)
		if got := [2]string{segments(g.IPv4.Ingress), segments(g.IPv6.Ingress)}; got != [2]string{test.v4, test.v6} {
			t.Errorf("%s: %q, not %q", test.ingress, got, [2]string{test.v4, test.v6})
		}
	}
}

func TestLocalSegments(t *testing.T) {
	const nothing = "80/tcp:0 9000/tcp:0 9001/tcp:0 15432/tcp:0"
	for _, test := range []struct{ ingress, v4, v6 string }{
		{"", nothing, "80/tcp:0 15432/tcp:0"},
		{"allow all", "80/tcp:1 9000/tcp:1 9001/tcp:1 15432/tcp:1", "80/tcp:1 15432/tcp:1"},
		{"allow 22/tcp; allow icmp; allow 80/udp", nothing, "80/tcp:0 15432/tcp:0"},
		{"allow 79-81/tcp", "80/tcp:1 9000/tcp:0 9001/tcp:0 15432/tcp:0", "80/tcp:1 15432/tcp:0"},
		{"allow tcp to web", "80/tcp:1 9000/tcp:1 9001/tcp:0 15432/tcp:0", "80/tcp:1 15432/tcp:0"},
		{"allow tcp to web:8080", "80/tcp:1 9000/tcp:0 9001/tcp:0 15432/tcp:0", "80/tcp:1 15432/tcp:0"},
		{"allow tcp to db:5432", "80/tcp:0 9000/tcp:0 9001/tcp:0 15432/tcp:1", "80/tcp:0 15432/tcp:1"},
		{"allow tcp to any except web", "80/tcp:0 9000/tcp:1 9001/tcp:1 15432/tcp:1", "80/tcp:0 15432/tcp:1"},
		{"allow tcp to web at 203.0.113.10", "80/tcp:1 9000/tcp:0 9001/tcp:0 15432/tcp:0", "80/tcp:0 15432/tcp:0"},
	} {
		g := compile(t, shop(), test.ingress)
		if got := [2]string{segments(g.IPv4.Local), segments(g.IPv6.Local)}; got != [2]string{test.v4, test.v6} {
			t.Errorf("%s: %q, not %q", test.ingress, got, [2]string{test.v4, test.v6})
		}
	}
}

// TestNoLocalSegment: what is no container's port is the host's own.
func TestNoLocalSegment(t *testing.T) {
	h := shop()
	h.Containers[0].Running = false
	h.Containers[1].HostNetwork = true
	h.Containers[2].SharesNetwork = h.Containers[0].ID
	if got := segments(compile(t, h, "allow all").IPv4.Local); got != "" {
		t.Error(got)
	}
}

func TestNeighboursJoin(t *testing.T) {
	h := shop()
	h.Containers = []host.Container{container("range", "bridge", "172.17.0.3", "",
		"0.0.0.0 8000 8000", "0.0.0.0 8001 8001", "0.0.0.0 8002 8002", "0.0.0.0 8004 8004")}
	g := compile(t, h, "allow 7000-9000/tcp from office")
	if got := segments(g.IPv4.Local); got != "8000-8002/tcp:1 8004/tcp:1" {
		t.Error(got)
	}
	if g.IPv4.Local.Segments[0].Chain != g.IPv4.Local.Segments[1].Chain {
		t.Error("equal chains are not one")
	}
}

func TestEgress(t *testing.T) {
	for _, test := range []struct{ egress, defaults, v4, v6 string }{
		{"", "egress: allow", "", ""},
		{"allow 25/tcp to 192.0.2.1", "egress: allow", "", ""},
		{"deny 25/tcp to 192.0.2.1; allow tcp", "egress: allow", "25/tcp:1", ""},
		{"deny all to 169.254.169.254", "egress: allow", "other:1", ""},
		{"deny 25/tcp from web", "egress: allow", "25/tcp:1", "25/tcp:1"},
		{"deny 25/tcp from db", "egress: allow", "25/tcp:1", ""},
		{"deny 25/tcp from gone", "egress: allow", "", ""},
		{"deny 25/tcp from any except db", "egress: allow", "25/tcp:1", "25/tcp:1"},
		{"allow 25/tcp from web; deny tcp to vpn", "egress: deny", "0-24/tcp:1 25/tcp:2 26-65535/tcp:1", "25/tcp:1"},
	} {
		g := compileAll(t, shop(), "", test.egress, test.defaults)
		if got := [2]string{segments(g.IPv4.Egress), segments(g.IPv6.Egress)}; got != [2]string{test.v4, test.v6} {
			t.Errorf("%s: %q, not %q", test.egress, got, [2]string{test.v4, test.v6})
		}
		if empty := test.v4 == "" && test.defaults == "egress: allow"; g.IPv4.Egress.Empty() != empty {
			t.Errorf("%s: Empty is %v", test.egress, !empty)
		}
	}
}

// TestDenyFirst: lines that refuse stand first, and all in the order of the policy else.
func TestDenyFirst(t *testing.T) {
	g := compile(t, shop(), `allow 80/tcp from office; deny tcp from vpn;
		allow 80/tcp from vpn; deny 80/tcp from 192.168.0.9`)
	var got []string
	for _, l := range g.IPv4.Ingress.find(Tuple{Protocol: host.TCP, DialledPort: 80}).Lines {
		got = append(got, l.Rule.Sentence)
	}
	want := []string{"deny tcp from vpn", "deny 80/tcp from 192.168.0.9",
		"allow 80/tcp from office", "allow 80/tcp from vpn"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGateItself(t *testing.T) {
	g := compileAll(t, shop(), "", "", "refuse: drop, ingress: allow")
	if diff := cmp.Diff([]string{"br-front", "docker0"}, g.Bridges); diff != "" {
		t.Error(diff)
	}
	if g.Refuse != policy.Drop {
		t.Error("refuse is", g.Refuse)
	}
	for _, d := range []Dispatch{g.IPv4.Ingress, g.IPv6.Ingress, g.IPv4.Local, g.IPv6.Local} {
		if d.Default != policy.Allow {
			t.Error("the default is", d.Default)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, test := range []struct {
		want   string
		change func(*policy.Policy, *host.Host)
	}{
		{"com.docker.network.bridge.name", func(_ *policy.Policy, h *host.Host) { h.Networks[0].Bridge = "br+" }},
		{`interface "eth*"`, func(p *policy.Policy, _ *host.Host) { p.Ingress[0].Interface = "eth*" }},
		{`interface "-j"`, func(p *policy.Policy, _ *host.Host) { p.Egress[0].Interface = "-j" }},
		{`no set "office"`, func(p *policy.Policy, _ *host.Host) { delete(p.Sets, "office") }},
	} {
		h := shop()
		p := parse(t, h, "deny all from any except office", "deny all", "")
		test.change(p, h)
		if _, err := Compile(p, h); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, not %s", err, test.want)
		}
	}
}
