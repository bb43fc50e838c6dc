package gate

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/randworld"
)

// world draws a host, a policy with the labels of the host, and the gate of both.
func world(t *rapid.T) (*host.Host, *policy.Policy, *Gate) {
	h := randworld.Hosts().Draw(t, "host")
	p, problems := policy.Parse("policy.yaml", []byte(randworld.Policies().Draw(t, "policy")))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	p, _ = p.WithLabels(h)
	g, err := Compile(p, h)
	if err != nil {
		t.Fatal(err)
	}
	return h, p, g
}

// TestGateMeansThePolicy: for random policies, hosts and conversations, the compiled gate judges every way that a
// conversation may take as the policy decides, in both directions, and names a rule that does decide so.
func TestGateMeansThePolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, p, g := world(t)
		for range 20 {
			c := randworld.Conversations(h).Draw(t, "conversation")
			decision := policy.Decide(p, h, c)
			for _, tuple := range tuples(h, c, decision) {
				agree(t, g, decision, tuple)
				if v := g.Judge(tuple); v.Line != nil {
					alone(t, p, h, c, v)
				}
			}
		}
	})
}

// alone checks that a policy of nothing but the rule that a verdict names decides the same.
func alone(t *rapid.T, p *policy.Policy, h *host.Host, c policy.Conversation, v Verdict) {
	others := func(r policy.Rule) bool { return NewRuleRef(r) != v.Rule }
	one := *p
	one.Ingress = slices.DeleteFunc(slices.Clone(p.Ingress), others)
	one.Egress = slices.DeleteFunc(slices.Clone(p.Egress), others)
	if d := policy.Decide(&one, h, c); d.Rule == nil || d.Allowed != v.Allowed {
		t.Fatalf("the rule of the verdict decides nothing of the kind: %+v\n%+v\n%+v", v, d, c)
	}
}

// TestInvariants: every gate is as the package says that gates are.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, p, g := world(t)
		again, err := Compile(p, h)
		if err != nil || again.String() != g.String() {
			t.Fatalf("another gate from the same arguments: %v\n%s\n%s", err, g, again)
		}
		sets, chains := map[string]AddressSet{}, map[string]*Chain{}
		for v6, f := range map[bool]Family{false: g.IPv4, true: g.IPv6} {
			for _, d := range []Dispatch{f.Ingress, f.Local, f.Egress} {
				checkSegments(t, d.Segments)
				for _, c := range d.chains() {
					if other := chains[c.ID]; other != nil {
						t.Fatalf("two chains with one ID: %+v and %+v", other, c)
					}
					chains[c.ID] = c
					checkLines(t, c.Lines, v6, sets)
				}
			}
		}
	})
}

func checkSegments(t *rapid.T, segments []Segment) {
	for i, s := range segments {
		if s.First > s.Last || s.Chain == nil {
			t.Fatalf("no segment: %+v", s)
		}
		if i == 0 || segments[i-1].Protocol < s.Protocol {
			continue
		}
		before := segments[i-1]
		if before.Protocol != s.Protocol || before.Last >= s.First {
			t.Fatalf("not in order: %+v and %+v", before, s)
		}
		if before.Chain == s.Chain && before.Last+1 == s.First {
			t.Fatalf("not joined: %+v and %+v", before, s)
		}
	}
}

func checkLines(t *rapid.T, lines []Line, v6 bool, sets map[string]AddressSet) {
	for i, l := range lines {
		if i > 0 && lines[i-1].Action == policy.Allow && l.Action == policy.Deny {
			t.Fatalf("refuses behind one that allows: %+v", l)
		}
		if (len(l.Members) > 0) == (l.Rule.Hash != "") {
			t.Fatalf("has no rule, or one too many: %+v", l)
		}
		for _, s := range []AddressSet{l.Client, l.Dialled, l.Answering} {
			checkSet(t, s, v6, sets)
		}
	}
}

func checkSet(t *rapid.T, s AddressSet, v6 bool, sets map[string]AddressSet) {
	if s.Any() {
		if len(s.Ranges) > 0 {
			t.Fatalf("a set without an ID: %+v", s)
		}
		return
	}
	if len(s.Ranges) == 0 || s.Name == "" {
		t.Fatalf("an empty set: %+v", s)
	}
	for i, r := range s.Ranges {
		if r.From().Is6() != v6 || i > 0 && !s.Ranges[i-1].To().Next().Less(r.From()) {
			t.Fatalf("IPv6 %v: %+v", v6, s)
		}
	}
	if other, known := sets[s.ID]; known && !slices.Equal(other.Ranges, s.Ranges) {
		t.Fatalf("two sets with one ID: %+v and %+v", other, s)
	}
	sets[s.ID] = s
}

// agree checks the judgement of a conversation's packets in both directions.
func agree(t *rapid.T, g *Gate, d policy.Decision, tuple Tuple) {
	want := d.Allowed || !d.Governed
	if v := g.Judge(tuple); v.Allowed != want || v.Judged != d.Governed {
		t.Fatalf("the policy: %+v\nthe gate: %+v\nof %+v\n%s", d, v, tuple, g)
	}
	tuple.Reply = true
	answer := g.Judge(tuple)
	if want && !answer.Allowed {
		t.Fatalf("allowed, but not its answers: %+v\nof %+v\n%s", answer, tuple, g)
	}
	elsewhere := tuple
	elsewhere.Interface = "tun7" // answers may take another way
	if other := g.Judge(elsewhere); other.Allowed != answer.Allowed {
		t.Fatalf("answers on another interface: %+v, else %+v\nof %+v\n%s", other, answer, tuple, g)
	}
	if !want && answer.Allowed && !strings.Contains(g.String(), " on ") {
		t.Fatalf("refused, but not its answers: %+v\nof %+v\n%s", answer, tuple, g)
	}
}

// tuples are what conntrack knows of a conversation, for each way that it may take.
func tuples(h *host.Host, c policy.Conversation, d policy.Decision) []Tuple {
	base := Tuple{Protocol: c.Protocol, Client: c.Source, Dialled: c.Destination, DialledPort: c.Port, Interface: c.In}
	if c.Out != "" {
		if !d.Governed {
			return nil // between containers: it meets no dispatch
		}
		base.Way, base.Interface = Egress, c.Out
		base.Answering, base.AnsweringPort = c.Destination, c.Port
		return []Tuple{base}
	}
	proxied := base
	proxied.Way, proxied.Answering, proxied.AnsweringPort = Local, c.Destination, c.Port
	if !d.Governed {
		if !own(h, c.Destination) {
			return nil // it meets no dispatch
		}
		return []Tuple{proxied} // the host's own service
	}
	forwarded := base
	forwarded.Way, forwarded.AnsweringPort = Ingress, d.Target.Port
	switch d.Target.Way {
	case host.Direct:
		forwarded.Answering = c.Destination
		return []Tuple{forwarded}
	case host.Mesh: // swarm's own container answers, and the port stays
		forwarded.Answering, forwarded.AnsweringPort = sandbox(c.Destination), c.Port
		return []Tuple{forwarded, proxied}
	}
	all := []Tuple{proxied}
	for _, a := range containersOwn(d.Target.Container, c.Destination.Is4()) {
		forwarded.Answering = a
		all = append(all, forwarded)
	}
	return all
}

// own tells whether an address is the host's.
func own(h *host.Host, a netip.Addr) bool {
	return slices.ContainsFunc(h.Interfaces, func(i host.Interface) bool {
		return slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == a })
	})
}

// sandbox is an address of swarm's ingress network, where no container is.
func sandbox(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.MustParseAddr("172.31.0.2")
	}
	return netip.MustParseAddr("fd00:31::2")
}

func containersOwn(c *host.Container, v4 bool) []netip.Addr {
	var list []netip.Addr
	for _, e := range c.Endpoints {
		for _, a := range []netip.Addr{e.IPv4, e.IPv6} {
			if a.IsValid() && a.Is4() == v4 {
				list = append(list, a)
			}
		}
	}
	return list
}
