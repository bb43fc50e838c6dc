package iptables

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

var _ backend.Backend = (*Backend)(nil)

func render(t *testing.T, g *gate.Gate, o Options) string {
	t.Helper()
	o.Now = moment
	text, err := New(o).Render(g, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The whole text of a gate with one of everything.
func TestRenderGolden(t *testing.T) {
	golden(t, "sample.txt", render(t, sample(), Options{}))
}

// Refusing silently, and IPv6 without DOCKER-USER.
func TestRenderDropGolden(t *testing.T) {
	g := &gate.Gate{Bridges: []string{"docker0"}, Refuse: policy.Drop}
	web := chainOf(allow(3, "80/tcp from any"))
	g.IPv4.Ingress.Segments = []gate.Segment{segment(host.TCP, 80, web)}
	g.IPv6.Egress.Default = policy.Deny
	golden(t, "drop.txt", render(t, g, Options{IPv6: "FORWARD"}))
}

// Rendering is a function of the gate: it gives the same text every time.
func TestRenderIsStable(t *testing.T) {
	equal(t, "the second rendering", render(t, sample(), Options{}), render(t, sample(), Options{}))
}

// Sections come apart at their headers, and nothing is lost.
func TestSections(t *testing.T) {
	text := render(t, sample(), Options{})
	sections, err := Sections(text)
	if err != nil {
		t.Fatal(err)
	}
	var headers, whole string
	for _, s := range sections {
		headers += s.Header + "\n"
		whole += s.Text
	}
	equal(t, "the list of headers", SetsHeader+"\n"+IPv4Header+"\n"+IPv6Header+"\n", headers)
	equal(t, "what the sections are together", text, whole)
	for _, wrong := range []string{"*filter\nCOMMIT\n", IPv6Header + "\n" + IPv4Header + "\n"} {
		if s, err := Sections(wrong); err == nil && len(s) != 1 {
			t.Errorf("Sections(%q) = %v, want an error or the second header as text", wrong, s)
		}
	}
}

// Every chain has a name that iptables takes, and can be reached from one of the three roots.
func TestChainsAreReached(t *testing.T) {
	rs, err := compile(large(20, 5000))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		reached := map[string]bool{forwardChain: true, inputChain: true, outputChain: true}
		for _, c := range rs.chains[f] {
			if len(c.name) > 28 {
				t.Errorf("chain %s has %d bytes in its name, iptables takes 28", c.name, len(c.name))
			}
			for _, r := range c.rules {
				reached[parseRule(r.text()).target()] = true
			}
		}
		for _, c := range rs.chains[f] {
			if !reached[c.name] {
				t.Errorf("%s: nothing leads to chain %s %v", f.tool, c.name, c.rules)
			}
		}
	}
	for _, s := range rs.sets {
		if len(s.name) > 31 {
			t.Errorf("set %s has %d bytes in its name, ipset takes 31", s.name, len(s.name))
		}
	}
}

// large is a gate with so many bridges and, for both ways of ingress, so many ports, each with its own rule.
func large(bridges, ports int) *gate.Gate {
	g := &gate.Gate{}
	for i := range bridges {
		g.Bridges = append(g.Bridges, "br-"+digest(fmt.Sprint(i)))
	}
	var segments []gate.Segment
	for i := range ports {
		port := uint16(i + 1000)
		line := allow(i, fmt.Sprintf("%d/tcp from 10.%d.%d.0/24", port, i/250, i%250))
		line.Client = addressesOf(fmt.Sprintf("10.%d.%d.0/24", i/250, i%250))
		segments = append(segments, segment(host.TCP, port, chainOf(line)))
	}
	g.IPv4.Ingress.Segments, g.IPv4.Local.Segments = segments, segments
	return g
}

// The way to a port meets few rules, however many ports there are: at most four nodes of 16, and evenly filled.
func TestPortTreeIsBounded(t *testing.T) {
	for _, ports := range []int{1, 16, 17, 256, 257, 4096, 4097, 10000} {
		rs, err := compile(large(1, ports))
		if err != nil {
			t.Fatal(err)
		}
		levels, rules := deepest(rs.chains[ipv4], "ingr")
		if levels > 4 || rules > levels*(fanOut+1) {
			t.Errorf("%d ports: the longest way has %d nodes and %d rules, want at most 4 nodes of %d rules",
				ports, levels, rules, fanOut+1)
		}
	}
}

// deepest is the longest way through nodes of port trees from the chain of a kind: how many nodes and rules it has.
func deepest(chains []chain, kind string) (levels, rules int) {
	by := map[string]chain{}
	start := ""
	for _, c := range chains {
		by[c.name] = c
		if strings.HasPrefix(c.name, chainPrefix+kind+"-") {
			start = c.name
		}
	}
	var walk func(name string) (int, int)
	walk = func(name string) (int, int) {
		most, sum := 0, 0
		for _, r := range by[name].rules {
			if next := parseRule(r.text()).target(); strings.HasPrefix(next, chainPrefix+"ports-") {
				l, n := walk(next)
				most, sum = max(most, l+1), max(sum, n+len(by[next].rules))
			}
		}
		return most, sum
	}
	return walk(start)
}

// Bridges are found by the beginnings of their names, and nothing that only begins alike is taken for one.
func TestIsBridge(t *testing.T) {
	var names []string
	for i := range 60 {
		names = append(names, "br-"+digest(fmt.Sprint(i)))
	}
	names = append(names, "br", "br-noicc", "docker0", "docker_gwbridge", "d", "x1")
	bridges, err := sortedNamesOf(names)
	if err != nil {
		t.Fatal(err)
	}
	c := &compiler{family: ipv4, known: map[string]bool{}}
	top := c.isBridge("-i", bridges, "-j RETURN", "-j DROP")
	for _, name := range names {
		if verdict, met := walkNames(c, top, name); verdict != "RETURN" || met > 30 {
			t.Errorf("bridge %s: %s after %d rules", name, verdict, met)
		}
	}
	alike := []string{"eth0", "bond0", "br-", "br-0", "b", "dock", "docker", "docker00", "x", "x11", names[0] + "0"}
	for _, name := range alike {
		if verdict, met := walkNames(c, top, name); verdict != "DROP" || met > 30 {
			t.Errorf("interface %s, which is no bridge: %s after %d rules", name, verdict, met)
		}
	}
}

// walkNames follows an interface name through rules over names.
func walkNames(c *compiler, rules []rule, name string) (verdict string, met int) {
	for _, r := range rules {
		met++
		w := parseRule(r.text())
		want := w.after("-i")
		start, wild := strings.CutSuffix(want, "+")
		if want != "" && want != name && !(wild && strings.HasPrefix(name, start)) {
			continue
		}
		for _, next := range c.chains {
			if next.name == w.target() {
				verdict, more := walkNames(c, next.rules, name)
				return verdict, met + more
			}
		}
		return w.target(), met
	}
	return "the chain's end", met
}

// Names that mean something else in a rule are refused, whether a bridge's or one in a sentence.
func TestInterfaceNames(t *testing.T) {
	for _, name := range []string{"", "br+", "a b", "a\nb", "eth0;", "-i", "ethernet-with-16", "ü"} {
		on := allow(1, "80/tcp on x")
		on.Interface = name
		bridge := &gate.Gate{Bridges: []string{name}}
		line := &gate.Gate{Bridges: []string{"docker0"}}
		line.IPv4.Ingress.Segments = []gate.Segment{segment(host.TCP, 80, chainOf(on))}
		for _, g := range []*gate.Gate{bridge, line} {
			if g == line && name == "" {
				continue // no interface at all
			}
			if _, err := New(Options{}).Render(g, time.Time{}); err == nil {
				t.Errorf("the interface %q came into a rule", name)
			}
		}
	}
}

// Nothing in a comment can end it, or the line: the kernel would take the rest for rules.
func TestCommentsAreHarmless(t *testing.T) {
	evil := ref(1, "allow 80/tcp\"\n-A INPUT -j ACCEPT\n\\ $(x) '")
	evil.Position.File = strings.Repeat("/x", 300) + "\"\n-F"
	evil.Hash = "\"\n-F -X-"
	c := origin(evil)
	if strings.ContainsAny(c.text, "\n\r\"'\\$`;") || len(c.text) > 255 {
		t.Errorf("the comment is %q (%d bytes)", c.text, len(c.text))
	}
	contains(t, c.text, ":1 allow 80/tcp")
	l := allow(1, "80/tcp log")
	l.Log, l.Rule = true, evil
	m := manyMembers(policy.Allow, "192.0.2.1", 2)
	m.Members[0].Rule = evil
	g := &gate.Gate{Bridges: []string{"docker0"}}
	g.IPv4.Ingress.Segments = []gate.Segment{segment(host.TCP, 80, chainOf(l, m))}
	for line := range strings.Lines(render(t, g, Options{})) {
		if w := parseRule(line); w[0] == "-A" && !strings.HasPrefix(w[1], chainPrefix) || w[0] == "-F" {
			t.Errorf("a comment became a rule: %q", line)
		}
	}
}

// A comment says where its sentence stands, and reads back.
func TestCommentReadsBack(t *testing.T) {
	for _, file := range []string{"/etc/dockwall/policy.yaml", "container web, label dockwall.allow", "a:1 deny b"} {
		want := ref(12, "allow 8123/tcp from office")
		want.Position.File, want.Position.Column = file, 0
		got, ok := parseSentence(origin(want).text)
		if !ok || got != want {
			t.Errorf("%q reads back as %+v, %v", origin(want).text, got, ok)
		}
		lasting := origin(gate.RuleRef{Sentence: want.Sentence, Hash: want.Hash}).lasting
		if got := lastingComment(origin(want).text); got != lasting {
			t.Errorf("%q lasts as %q, want %q", origin(want).text, got, lasting)
		}
	}
}
