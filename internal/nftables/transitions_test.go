package nftables

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

var (
	firstSeed = flag.Uint64("seed", 1, "the first seed of random gates")
	seeds     = flag.Uint64("seeds", 4, "how many seeds of random gates are tried")
)

// From any gate to any other by its difference: the table is that of a fresh install, and then nothing is left to do.
func TestTransitionsEndLikeAFreshInstall(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			random := &random{rand.New(rand.NewPCG(seed, 0)), nil}
			h := newMachine(t)
			for step := range 12 {
				g := random.gate()
				c := h.apply(g)
				fresh := newMachine(t)
				fresh.apply(g)
				if diff := cmp.Diff(fresh.wording(), h.wording()); diff != "" {
					t.Fatalf("step %d: the edited table differs (-fresh +edited):\n%s\nby the change:\n%s", step, diff, c.Text)
				}
			}
		})
	}
}

// random makes gates that have much in common: the same few names and ports, with other contents.
type random struct {
	*rand.Rand
	sets map[string]gate.AddressSet // of the gate in the making
}

func (r *random) one(of int) bool { return r.IntN(of) == 0 }

func (r *random) gate() *gate.Gate {
	bridges := slices.DeleteFunc([]string{"br-a", "br-b", "br-c", "br-d", "docker0"}, func(string) bool { return r.one(3) })
	g := &gate.Gate{Bridges: bridges, Refuse: policy.Refusal(r.IntN(2)), IPv4: closed(), IPv6: closed()}
	r.family(&g.IPv4, false)
	r.family(&g.IPv6, true)
	return g
}

func (r *random) family(f *gate.Family, v6 bool) {
	r.sets = map[string]gate.AddressSet{}
	f.Ingress = r.dispatch(v6)
	f.Local = gate.Dispatch{Segments: r.segments(v6), Default: f.Ingress.Default}
	for i := range f.Local.Segments {
		c := *f.Local.Segments[i].Chain
		if r.one(2) {
			c.Scope = []netip.Addr{r.address(v6), r.address(v6)}[:1+r.IntN(2)]
		}
		f.Local.Segments[i].Chain = &c
	}
	if r.one(2) {
		f.Egress = r.dispatch(v6)
	}
}

func (r *random) dispatch(v6 bool) gate.Dispatch {
	d := gate.Dispatch{Segments: r.segments(v6), Default: policy.Action(r.IntN(2))}
	if r.one(2) {
		d.Echo = r.chain(v6)
	}
	if r.one(2) {
		d.Other = r.chain(v6)
	}
	return d
}

func (r *random) segments(v6 bool) (segments []gate.Segment) {
	chains := []*gate.Chain{r.chain(v6), r.chain(v6), r.chain(v6)}
	for _, p := range []host.Protocol{host.TCP, host.UDP, host.SCTP} {
		for first := r.IntN(20); first < 60 && !r.one(5); first += r.IntN(5) {
			s := gate.Segment{Protocol: p, First: uint16(first), Last: uint16(first), Chain: chains[r.IntN(3)]}
			if r.one(3) {
				s.Last += uint16(r.IntN(4))
			}
			segments = append(segments, s)
			first = int(s.Last) + 1
		}
	}
	return segments
}

func (r *random) chain(v6 bool) *gate.Chain {
	var lines []gate.Line
	for n := range r.IntN(5) {
		sentence := fmt.Sprintf("%s rule %d", []string{"deny", "allow"}[r.IntN(2)], r.IntN(8))
		l := line(n, sentence, r.set(v6))
		switch r.IntN(8) {
		case 0:
			l.Log = true
		case 1:
			l.Interface = "eth" + fmt.Sprint(r.IntN(2))
		case 2:
			l.Dialled = r.set(v6)
		case 3:
			l.Answering = r.set(v6)
		case 4:
			r.merge(&l, v6)
		}
		lines = append(lines, l)
	}
	return chainOf(lines...)
}

// merge makes a merged line. Each has a set of its own: how often its name was taken is in it.
func (r *random) merge(l *gate.Line, v6 bool) {
	name := fmt.Sprintf("merged%d", len(r.sets))
	l.Client = gate.AddressSet{ID: digest(12, name), Name: name, Ranges: r.ranges(v6)}
	r.sets[name] = l.Client
	for _, part := range l.Client.Ranges {
		l.Members = append(l.Members, gate.Member{Range: part, Rule: ref(r.IntN(100), fmt.Sprintf("allow %d", r.IntN(8)))})
	}
}

// set is every address, or one of a few named sets, which are the same all over the gate.
func (r *random) set(v6 bool) gate.AddressSet {
	name := fmt.Sprintf("set%d", r.IntN(6))
	if name == "set0" {
		return gate.AddressSet{}
	}
	s, known := r.sets[name]
	if !known {
		s = gate.AddressSet{ID: digest(12, name), Name: name, Ranges: r.ranges(v6)}
		r.sets[name] = s
	}
	return s
}

func (r *random) ranges(v6 bool) []netipx.IPRange {
	var b netipx.IPSetBuilder
	for range 1 + r.IntN(6) {
		a := r.address(v6)
		switch r.IntN(3) {
		case 0:
			b.Add(a)
		case 1:
			b.AddPrefix(netip.PrefixFrom(a, a.BitLen()-r.IntN(12)))
		case 2:
			b.AddRange(netipx.IPRangeFrom(a, r.above(a)))
		}
	}
	if r.one(10) { // the last address of all
		all := netipx.RangeOfPrefix(netip.PrefixFrom(r.address(v6), 0))
		b.AddRange(netipx.IPRangeFrom(all.To().Prev(), all.To()))
	}
	s, err := b.IPSet()
	if err != nil {
		panic(err)
	}
	return s.Ranges()
}

func (r *random) address(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0xfd, 14: byte(r.IntN(4)), 15: byte(r.IntN(256))})
	}
	return netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(4)), byte(r.IntN(256))})
}

// above is an address a little above another.
func (r *random) above(a netip.Addr) netip.Addr {
	for range r.IntN(9) {
		a = a.Next()
	}
	return a
}
