package imports

import "slices"

// spec is what a rule looks for and what it does, in its own terms. Specs of a rule and of the jump that leads to it
// are combined with and.
type spec struct {
	family   family
	source   addresses
	dest     addresses // where the packet goes: behind DNAT the container
	origDest addresses // where the client sent it
	in, out  []interfaceMatch
	ports    ports // protocol and destination port, behind DNAT the container's
	dialled  ports // protocol and the port that the client dialled
	states   []stateMatch
	dir      string // conntrack's direction: "", "ORIGINAL" or "REPLY"

	target  string
	jumps   bool     // target is behind -g: what comes back goes on behind the chain that jumped here
	unknown []string // reasons why it cannot be told what it looks for
	never   []string // reasons why it never matches a conversation's first packet
	remarks []string // what is taken in a way that one may want to know
}

// interfaceMatch is one -i or -o.
type interfaceMatch struct {
	name string // perhaps with a + at its end
	not  bool
}

// stateMatch is one --ctstate or --state.
type stateMatch struct {
	states []string
	not    bool
}

func newSpec(f family) *spec {
	return &spec{family: f, source: anyAddress(f), dest: anyAddress(f), origDest: anyAddress(f),
		ports: allPorts(), dialled: allPorts()}
}

// and is what both look for; target and jump are those of t.
func (s *spec) and(t *spec) *spec {
	both := *t
	both.source, both.dest, both.origDest = s.source.and(t.source), s.dest.and(t.dest), s.origDest.and(t.origDest)
	both.in, both.out = slices.Concat(s.in, t.in), slices.Concat(s.out, t.out)
	both.ports, both.dialled = s.ports.and(t.ports), s.dialled.and(t.dialled)
	both.states = slices.Concat(s.states, t.states)
	both.unknown, both.never = slices.Concat(s.unknown, t.unknown), slices.Concat(s.never, t.never)
	both.remarks = slices.Concat(s.remarks, t.remarks)
	switch {
	case t.dir == "":
		both.dir = s.dir
	case s.dir != "" && s.dir != t.dir:
		both.never = append(both.never, "it wants both directions of a conversation at once")
	}
	return &both
}

// packet is a kind of packet, as conntrack sees it.
type packet struct {
	states []string
	dir    string
}

// The packets that conversations begin with and are answered by.
var (
	firstPublished = packet{[]string{"NEW", "DNAT"}, "ORIGINAL"}      // to a published port
	firstPlain     = packet{[]string{"NEW"}, "ORIGINAL"}              // from a container, or routed straight to one
	answerInside   = packet{[]string{"ESTABLISHED", "DNAT"}, "REPLY"} // from a published port
	answerOutside  = packet{[]string{"ESTABLISHED", "SNAT"}, "REPLY"} // to a container that asked
)

// sees tells whether the rule's states and direction fit a packet.
func (s *spec) sees(p packet) bool {
	if s.dir != "" && s.dir != p.dir {
		return false
	}
	for _, m := range s.states {
		if slices.ContainsFunc(p.states, func(state string) bool { return slices.Contains(m.states, state) }) == m.not {
			return false
		}
	}
	return true
}
