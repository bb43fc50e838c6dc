package nftables

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/policy"
)

// machine is a network namespace with a backend for it.
type machine struct {
	*testing.T
	ns *netlab.Namespace
	b  *Backend
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	netlab.Need(t)
	n, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { n.Close() })
	return &machine{t, n, newBackend()}
}

// nft runs an nft command in the namespace.
func (h *machine) nft(format string, arguments ...any) string {
	h.Helper()
	out, err := h.ns.Run(h.Context(), fmt.Sprintf(format, arguments...), "nft", "-f", "-")
	must(h.T, err)
	return out
}

// ruleset is all of the namespace's rules as nft lists them.
func (h *machine) ruleset() string {
	h.Helper()
	out, err := h.ns.Run(h.Context(), "", "nft", "-a", "list", "ruleset")
	must(h.T, err)
	return out
}

func (h *machine) read() *backend.Installed {
	h.Helper()
	var i *backend.Installed
	must(h.T, h.ns.Do(func() (err error) { i, err = h.b.Read(h.Context()); return err }))
	return i
}

// change is what is to be done to have the gate.
func (h *machine) change(g *gate.Gate) backend.Change {
	h.Helper()
	c, err := h.b.Change(g, h.read())
	must(h.T, err)
	return c
}

// apply puts the gate in force, and looks whether it then is.
func (h *machine) apply(g *gate.Gate) backend.Change {
	h.Helper()
	c := h.change(g)
	must(h.T, h.ns.Do(func() error { return h.b.Apply(h.Context(), c) }))
	if rest := h.change(g); !rest.Empty() {
		h.Fatalf("after the change something is left to do: %s\n%s\nThe change was:\n%s", rest.Summary, rest.Text, c.Text)
	}
	return c
}

// wording is the installed table in a form that can be compared: without handles, counters and what the table says of
// itself.
func (h *machine) wording() []string {
	h.Helper()
	i := h.read()
	if i == nil {
		return nil
	}
	r := i.Raw.(*reading)
	var out []string
	for name, c := range r.chains {
		if name == aboutName {
			continue
		}
		out = append(out, fmt.Sprintf("chain %s %q %q", name, c.hook, c.policy))
		for n, rule := range c.rules {
			out = append(out, fmt.Sprintf("chain %s rule %d %x %s", name, n, rule.shape, rule.comment.identity()))
		}
	}
	for name, s := range r.sets {
		out = append(out, fmt.Sprintf("set %s %d %s", name, s.flags, s.shape))
		for _, e := range s.elements {
			out = append(out, fmt.Sprintf("set %s element %x %x %s %s", name, e.first, e.last, e.verdict, e.comment.identity()))
		}
	}
	slices.Sort(out)
	return out
}

func TestNothingInstalled(t *testing.T) {
	h := newMachine(t)
	if i := h.read(); i != nil {
		t.Errorf("read %+v where nothing is", i)
	}
	must(t, h.ns.Do(func() error { return h.b.Remove(context.Background()) }))
}

func TestInstallAndReadBack(t *testing.T) {
	h := newMachine(t)
	h.apply(everything())
	i := h.read()
	if !i.Since.Equal(noon) {
		t.Errorf("since %s, want %s", i.Since, noon)
	}
	var got []string
	for _, l := range i.Lines {
		got = append(got, lineText(l))
	}
	want := []string{
		"4 ingress: allow | policy.yaml:7 allow from 10.9.9.9",
		"4 ingress icmp 0-0: allow | policy.yaml:6 allow icmp from office",
		"4 ingress tcp 22-22: deny | policy.yaml:4 deny 22/tcp from any on eth0 log",
		"4 ingress tcp 22-22: allow | policy.yaml:3 allow 22/tcp from any on eth1",
		"4 ingress tcp 22-22: allow | policy.yaml:5 allow 22/tcp from office log",
		"4 ingress tcp 53-53 tcp 60000-65535: allow | policy.yaml:1 allow 53 from office",
		"4 ingress tcp 80-80: allow | policy.yaml:10 allow 80/tcp from 10.0.0.1",
		"4 ingress tcp 80-80: allow | policy.yaml:11 allow 80/tcp from 10.0.0.2",
		"4 ingress tcp 80-80: allow | policy.yaml:12 allow 80/tcp from 10.0.1.0/24",
		"4 ingress tcp 5432-5432: allow | policy.yaml:2 allow 5432/tcp from office to shop/db:5432",
		"4 ingress udp 53-53: allow | policy.yaml:1 allow 53 from office",
		"4 ingress sctp 0-65535: allow | policy.yaml:1 allow 53 from office",
		"4 ingress: deny by default",
		"4 local tcp 22-22: allow | policy.yaml:1 allow 53 from office",
		"4 local tcp 22-22: allow | policy.yaml:3 allow 22/tcp from any on eth1",
		"4 local tcp 8000-8010: allow | policy.yaml:1 allow 53 from office",
		"4 local: deny by default",
		"4 egress tcp 443-443: allow | policy.yaml:8 allow 443/tcp from any",
		"4 egress tcp 443-443: allow | policy.yaml:3 allow 22/tcp from any on eth1",
		"4 egress: deny by default",
		"6 ingress icmp 0-0: allow | policy.yaml:6 allow icmp from office",
		"6 ingress tcp 53-53: allow | policy.yaml:1 allow 53 from office",
		"6 ingress: allow by default",
		"6 egress: deny by default",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func lineText(l backend.Line) string {
	text := fmt.Sprintf("%d %s", l.Family, l.Way)
	for _, p := range l.Ports {
		text += fmt.Sprintf(" %s %d-%d", p.Protocol, p.First, p.Last)
	}
	text += ": " + l.Action.String()
	if l.Default {
		return text + " by default"
	}
	return fmt.Sprintf("%s | %s:%d %s", text, l.Rule.Position.File, l.Rule.Position.Line, l.Rule.Sentence)
}

// What Render gives is what Change installs, and nft takes it on top of any older table.
func TestRenderedFileIsTheGate(t *testing.T) {
	h, other := newMachine(t), newMachine(t)
	h.apply(everything())
	other.apply(recipe())
	text, err := other.b.Render(everything(), time.Time{})
	must(t, err)
	other.nft("%s", text)
	if diff := cmp.Diff(h.wording(), other.wording()); diff != "" {
		t.Errorf("the file makes another table than the change (-change +file):\n%s", diff)
	}
	if c := other.change(everything()); !c.Empty() {
		t.Errorf("something is left to do: %s", c.Text)
	}
}

func TestChangeEditsOnlyWhatDiffers(t *testing.T) {
	h := newMachine(t)
	begin := recipe()
	begin.Bridges = append([]string{"br-shop"}, manyBridges...)
	h.apply(begin)
	g := recipe()
	first := line(9, "deny 8123/tcp from 192.168.0.66", addresses("192.168.0.66", "192.168.0.66"))
	old := g.IPv4.Ingress.Segments[1].Chain.Lines[0]
	g.IPv4.Ingress.Segments[1].Chain = chainOf(first, old)
	g.IPv4.Local.Segments = nil
	g.Bridges = manyBridges
	c := h.apply(g)
	want := `add table inet dockwall
add chain inet dockwall about
delete element inet dockwall docker {
	"br-shop"
}
`
	if !strings.HasPrefix(c.Text, want) {
		t.Errorf("the change begins with other lines than\n%s:\n%s", want, c.Text)
	}
	for _, part := range []string{
		`insert rule inet dockwall ingress4_tcp_8123 handle `,
		` ct original ip saddr 192.168.0.66 counter goto refuse comment "policy.yaml:9 deny 8123/tcp from 192.168.0.66 #`,
		"flush chain inet dockwall local4\n", "delete chain inet dockwall local4\n", "delete map inet dockwall local4_tcp\n",
	} {
		if !strings.Contains(c.Text, part) {
			t.Errorf("the change lacks %q:\n%s", part, c.Text)
		}
	}
	if strings.Contains(c.Text, "ingress4_tcp_6379") {
		t.Errorf("the change touches what is the same:\n%s", c.Text)
	}
	const summary = "1 element gone, 1 set gone, 1 rule new, 13 rules gone, 4 chains gone"
	if c.Summary != summary {
		t.Errorf("summary: %s, want %s", c.Summary, summary)
	}
}

func TestMovedSentencesChangeNothing(t *testing.T) {
	h := newMachine(t)
	h.apply(everything())
	g := everything()
	for _, s := range g.IPv4.Ingress.Segments {
		for i := range s.Chain.Lines {
			s.Chain.Lines[i].Rule.Position.Line += 100
			for n := range s.Chain.Lines[i].Members {
				s.Chain.Lines[i].Members[n].Rule.Position.Line += 100
			}
		}
	}
	if c := h.change(g); !c.Empty() {
		t.Errorf("sentences that moved are to be changed: %s", c.Text)
	}
}

// Counters are set by hand: a rule's can be, and what keeps its value was not made anew.
func TestCountersAreKept(t *testing.T) {
	h := newMachine(t)
	text, err := h.b.Render(everything(), time.Time{})
	must(t, err)
	h.nft("%s", regexp.MustCompile(`\bcounter `).ReplaceAllString(text, "counter packets 7 bytes 700 "))
	g := everything()
	crowd := &g.IPv4.Ingress.Segments[2].Chain.Lines[0]
	crowd.Members = append(slices.Clone(crowd.Members), gate.Member{
		Range: parseRange("10.0.2.0/24"), Rule: ref(13, "allow 80/tcp from 10.0.2.0/24"),
	})
	ssh := g.IPv4.Ingress.Segments[0].Chain
	ssh.Lines = append([]gate.Line{line(99, "deny 22/tcp from 10.6.6.6", addresses("bad", "10.6.6.6"))}, ssh.Lines...)
	h.apply(g)
	for _, l := range h.read().Lines {
		want := uint64(7)
		switch {
		case strings.Contains(l.Rule.Sentence, "10.0.2.0/24"), strings.Contains(l.Rule.Sentence, "10.6.6.6"):
			want = 0
		case l.Rule.Sentence == "allow 22/tcp from any on eth1":
			want = 14 // one rule for each direction
		}
		if l.Packets != want || l.Bytes != 100*want {
			t.Errorf("%s has counted %d packets, %d bytes; want %d packets", lineText(l), l.Packets, l.Bytes, want)
		}
	}
}

func TestRemoveLeavesTheRest(t *testing.T) {
	h := newMachine(t)
	h.nft(`
table inet other {
	chain forward {
		type filter hook forward priority 0; policy drop;
		counter packets 3 bytes 4 comment "not ours"
	}
}
table ip dockwall {
	set docker {
		type ipv4_addr
		elements = { 10.0.0.1 }
	}
}`)
	before := h.ruleset()
	h.apply(everything())
	h.apply(recipe())
	must(t, h.ns.Do(func() error { return h.b.Remove(context.Background()) }))
	if diff := cmp.Diff(before, h.ruleset()); diff != "" {
		t.Errorf("removing leaves other rules than there were before (-before +after):\n%s", diff)
	}
	if h.read() != nil {
		t.Error("something is left")
	}
	must(t, h.ns.Do(func() error { return h.b.Remove(context.Background()) }))
}

func TestGatesThatDifferInOneThing(t *testing.T) {
	h := newMachine(t)
	h.apply(recipe())
	for name, edit := range map[string]func(*gate.Gate){
		"refusal":         func(g *gate.Gate) { g.Refuse = policy.Drop },
		"default":         func(g *gate.Gate) { g.IPv6.Ingress.Default = policy.Allow },
		"egress":          func(g *gate.Gate) { g.IPv4.Egress.Default = policy.Deny },
		"no bridge":       func(g *gate.Gate) { g.Bridges = nil },
		"no port":         func(g *gate.Gate) { g.IPv4.Ingress.Segments = nil },
		"no ports at all": func(g *gate.Gate) { g.IPv4, g.IPv6 = closed(), closed() },
	} {
		g := recipe()
		edit(g)
		if c := h.apply(g); c.Empty() {
			t.Errorf("%s: nothing to do", name)
		}
		h.apply(recipe())
	}
}
