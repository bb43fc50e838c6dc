package verify

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/randworld"
)

// drawn is a random policy on a random host.
func drawn(t *rapid.T) (*policy.Policy, *host.Host) {
	h := randworld.Hosts().Draw(t, "host")
	p, problems := policy.Parse("policy.yaml", []byte(randworld.Policies().Draw(t, "policy")))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	p, _ = p.WithLabels(h)
	return p, h
}

func familyOf(a netip.Addr) netfilter.Family {
	if a.Is4() {
		return netfilter.IPv4
	}
	return netfilter.IPv6
}

// exactly is the set of the first packets of a conversation.
func exactly(s *packetset.Space, c policy.Conversation) packetset.Set {
	one := func(f netfilter.Field, n uint64) packetset.Set {
		return s.Where(f, netfilter.AllOnes, netfilter.One(netfilter.Small(n)))
	}
	at := func(f netfilter.Field, a netip.Addr) packetset.Set {
		return s.Where(f, netfilter.AllOnes, netfilter.One(netfilter.OfAddress(a)))
	}
	set := at(netfilter.SourceAddress, c.Source).And(at(netfilter.DestinationAddress, c.Destination))
	switch {
	case c.Protocol != host.ICMP:
		return set.And(one(netfilter.Protocol, uint64(c.Protocol))).And(one(netfilter.DestinationPort, uint64(c.Port)))
	case s.Family() == netfilter.IPv4:
		return set.And(one(netfilter.ICMPType, 8))
	}
	return set.And(one(netfilter.ICMPType, 128))
}

// TestMeaningIsDecide: of random conversations in random worlds, the sets say what policy.Decide says.
func TestMeaningIsDecide(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		p, h := drawn(t)
		meanings := map[netfilter.Family]*Meaning{}
		for _, f := range []netfilter.Family{netfilter.IPv4, netfilter.IPv6} {
			meanings[f] = NewMeaning(packetset.NewSpace(f), p, h)
		}
		for range 20 {
			c := randworld.Conversations(h).Draw(t, "conversation")
			want := policy.Decide(p, h, c)
			m := meanings[familyOf(c.Destination)]
			v := m.of(c)
			one := exactly(m.space, c)
			governed, allowed := !v.Governed.And(one).IsEmpty(), !v.Allowed.And(one).IsEmpty()
			if governed != want.Governed || allowed != want.Allowed {
				t.Fatalf("%+v: governed %v, allowed %v; Decide says %+v", c, governed, allowed, want)
			}
			if !one.Minus(v.Allowed).IsEmpty() == allowed {
				t.Fatalf("%+v is allowed in part", c)
			}
			seen[said(want)]++
		}
	})
	if seen["allowed"] == 0 || seen["refused"] == 0 || seen["not governed"] == 0 {
		t.Errorf("the worlds are too poor: %v", seen)
	}
}

func said(d policy.Decision) string {
	switch {
	case !d.Governed:
		return "not governed"
	case d.Allowed:
		return "allowed"
	}
	return "refused"
}

// of is the verdict that is asked for a conversation's interfaces.
func (m *Meaning) of(c policy.Conversation) Verdict {
	switch {
	case !m.host.Inside(c.In):
		return m.Ingress(c.In)
	case c.Out != "" && !m.host.Inside(c.Out):
		return m.Egress(c.Out)
	}
	return Verdict{m.space.None(), m.space.None()}
}

// TestExamplesAreDecided: packets taken out of the sets are what policy.Decide says they are: also those that no
// generator would think of.
func TestExamplesAreDecided(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, h := drawn(t)
		f := rapid.SampledFrom([]netfilter.Family{netfilter.IPv4, netfilter.IPv6}).Draw(t, "family")
		m := NewMeaning(packetset.NewSpace(f), p, h)
		in := rapid.SampledFrom([]string{"eno1", "wg0"}).Draw(t, "in")
		v := m.Ingress(in)
		check := func(set packetset.Set, governed, allowed bool) {
			packet, some := set.Example()
			if !some {
				return
			}
			packet.In = in
			d := policy.Decide(p, h, Conversation(packet, ""))
			if d.Governed != governed || d.Allowed != allowed {
				t.Fatalf("%+v: want governed %v, allowed %v; Decide says %+v", packet, governed, allowed, d)
			}
		}
		check(v.Allowed, true, true)
		check(v.Refused(), true, false)
		check(v.Governed.Not(), false, false)
		for _, port := range []uint64{80, 443, 5432, 8000, 8080, 22} {
			dialled := m.space.Where(netfilter.DestinationPort, netfilter.AllOnes, netfilter.One(netfilter.Small(port)))
			check(v.Allowed.And(dialled), true, true)
			check(v.Refused().And(dialled), true, false)
			check(v.Governed.Not().And(dialled), false, false)
		}
	})
}
