package witness

import (
	"context"
	"net/netip"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/randworld"
)

// trial is one conversation with what becomes of it.
type trial struct {
	policy.Conversation
	number  uint16
	answers netip.AddrPort // who answers, from behind a bridge; invalid: nobody does here
	through bool           // its last packet came through
	open    bool           // it has been answered
}

func draw(t *rapid.T, r *Realm, h *host.Host) []trial {
	var trials []trial
	for range conversations {
		c := randworld.Conversations(h).Draw(t, "conversation")
		if impossible(h, c) {
			continue
		}
		if h.Inside(c.In) {
			c.Out = leavesBy(h, c.Destination)
		}
		trials = append(trials, trial{Conversation: c, number: r.number(), answers: answerer(h, c)})
	}
	return trials
}

// impossible are conversations that the kernel ends before any of the hooks in question: loopback destinations that no
// NAT rule changes, and link-local addresses beyond their link.
func impossible(h *host.Host, c policy.Conversation) bool {
	if c.Destination.IsLoopback() && (c.Destination.Is6() || len(h.Targets(c.Destination, c.Protocol, c.Port)) == 0) {
		return true
	}
	return c.Destination.IsLinkLocalUnicast() || c.Source.IsLinkLocalUnicast() && !own(h, c.Destination)
}

func own(h *host.Host, a netip.Addr) bool {
	for _, i := range h.Interfaces {
		for _, prefix := range i.Addresses {
			if prefix.Addr() == a {
				return true
			}
		}
	}
	return false
}

// leavesBy is the interface that packets to an address leave the host by.
func leavesBy(h *host.Host, destination netip.Addr) string {
	for _, i := range h.Interfaces {
		for _, prefix := range i.Addresses {
			if prefix.Contains(destination) {
				return i.Name
			}
		}
	}
	return uplink
}

// answerer is the container's address and port that the host's NAT leads a conversation from outside to.
func answerer(h *host.Host, c policy.Conversation) netip.AddrPort {
	if h.Inside(c.In) {
		return netip.AddrPort{}
	}
	for _, target := range h.Targets(c.Destination, c.Protocol, c.Port) {
		switch {
		case target.Way == host.Direct:
			return netip.AddrPortFrom(c.Destination, c.Port)
		case target.Way == host.Published && !c.Source.IsLinkLocalUnicast():
			return netip.AddrPortFrom(answering(h, target.Container, *target.Publication), target.Port)
		case target.Way == host.Mesh && c.Destination.Is4():
			return netip.AddrPortFrom(mesh, c.Port)
		}
	}
	return netip.AddrPort{}
}

// call sends the conversation's next packet from the one who began it.
func (c *trial) call(r *Realm) error {
	p := packet{source: c.Source, destination: c.Destination, protocol: c.Protocol, sourcePort: c.number,
		destinationPort: c.Port, flags: syn, sequence: 1000}
	if c.open {
		p.flags, p.sequence, p.acknowledge = ack, 1001, 2001
	}
	return r.send(c.In, p)
}

// answer sends the next packet of the one who was called: a container, from behind its bridge.
func (c *trial) answer(r *Realm, h *host.Host) error {
	p := packet{source: c.answers.Addr(), destination: c.Source, protocol: c.Protocol, sourcePort: c.answers.Port(),
		destinationPort: c.number, flags: syn | ack, sequence: 2000, acknowledge: 1001}
	if c.open {
		p.flags, p.sequence = ack, 2001
	}
	return r.send(bridgeOf(h, c.answers.Addr()), p)
}

// answerable tells whether somebody behind a bridge can answer. (An answer of SCTP carries what the call told it.)
func (c *trial) answerable() bool {
	return c.answers.IsValid() && c.answers.Addr().IsValid() && (c.Protocol == host.TCP || c.Protocol == host.UDP)
}

// fixture is a policy in force on a host.
type fixture struct {
	realm  *Realm
	host   *host.Host
	policy *policy.Policy
	gate   *gate.Gate
	name   string // "first policy", "second policy"
	text   string
}

func newFixture(t *rapid.T, r *Realm, h *host.Host, name string) *fixture {
	text := randworld.Policies().Draw(t, name)
	p, problems := policy.Parse("policy.yaml", []byte(text))
	must(t, problems.Err())
	p, _ = p.WithLabels(h)
	g, err := gate.Compile(p, h)
	must(t, err)
	return &fixture{r, h, p, g, name, text}
}

// exchange sends each conversation's next packets, in both directions where it has been answered before, and holds what
// comes through against the policy. Then it answers those that came through for the first time.
func (f *fixture) exchange(ctx context.Context, t *rapid.T, trials []trial) {
	r := f.realm
	must(t, r.forget(ctx))
	for i := range trials {
		if c := &trials[i]; c.open {
			must(t, c.answer(r, f.host))
		}
		must(t, trials[i].call(r))
	}
	s, err := r.look(ctx)
	must(t, err)
	var answered []*trial
	for i := range trials {
		c := &trials[i]
		c.through = s.there[c.number]
		f.compare(t, c, s)
		if c.through && !c.open && c.answerable() {
			must(t, c.answer(r, f.host))
			answered = append(answered, c)
		}
	}
	s, err = r.look(ctx)
	must(t, err)
	for _, c := range answered {
		if !s.back[c.number] {
			t.Fatalf("the answer of %s to an allowed conversation was refused\n%s", c.answers, f.describe(c))
		}
		c.open = true
	}
}

// compare holds what became of a conversation's packets against what the policy means.
func (f *fixture) compare(t *rapid.T, c *trial, s seen) {
	d := policy.Decide(f.policy, f.host, c.Conversation)
	if wanted := !d.Governed || d.Allowed; s.there[c.number] != wanted {
		t.Fatalf("came through: %v, the policy wants %v: %s\n%s", s.there[c.number], wanted, d.Reason, f.describe(c))
	}
	if !c.open {
		return
	}
	v := f.gate.Judge(gate.Tuple{Way: gate.Ingress, Protocol: c.Protocol, Client: c.Source, Dialled: c.Destination,
		DialledPort: c.Port, Answering: c.answers.Addr(), AnsweringPort: c.answers.Port(),
		Interface: leavesBy(f.host, c.Source), Reply: true})
	if s.back[c.number] != v.Allowed {
		t.Fatalf("the answer came through: %v, the gate wants %v\n%s", s.back[c.number], v.Allowed, f.describe(c))
	}
}
