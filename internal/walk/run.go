package walk

import (
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// start is what one walk begins with.
type start struct {
	packet   netfilter.Packet
	question *Question
	entry    *Conversation // the conntrack entry that exists before, nil for a first packet
	reply    bool          // the packet is of the answering side
	assume   bool          // refusals are overlooked
	points   int           // from where on its points are numbered, so that no two explorations of one trace share a number
}

// state is all that the rest of a walk hangs on, beside where it is in the rules. It can be compared.
type state struct {
	packet      netfilter.Packet
	hook        netfilter.Hook
	in, out     string // as the hook's rules see them
	physicalOut string
	bridged     bool
	looped      bool // over the loopback interface: routed already, and without its socket
	moved       bool // DNAT took the route away that output had chosen
	mark        uint32
	track       tracking
	conn        Conversation
	reply       bool
	established bool    // the entry was there before this packet
	bound       [2]bool // NAT of the destination, of the source is settled (IPS_DST_NAT_DONE, IPS_SRC_NAT_DONE)
	route       route
}

// tracking is what conntrack has said of the packet.
type tracking uint8

const (
	noEntry   tracking = iota // nothing yet, or that it is invalid
	untracked                 // NOTRACK
	tracked
)

// run is one walk under way. A walk that meets something not known asks choose, which answers from the script; explore
// runs the walk again for each other answer.
type run struct {
	state
	w        *Walker
	start    start
	family   netfilter.Family
	stack    []frame
	at       *rule // the rule that is looked at, for what is not known
	asked    int   // how many choices were met since
	end      End
	ended    bool
	forked   bool // a choice was met without a script to answer it
	recorder *recorder
	key      [8]netfilter.Number
	space    [1]netip.Addr
	names    [8]string
}

// frame is where a chain goes on after a jump.
type frame struct {
	chain *chain
	next  int
}

func (r *run) begin(w *Walker, s start) {
	r.w, r.start = w, s
	r.state = state{packet: s.packet, in: s.packet.In, reply: s.reply}
	r.family = s.packet.Family()
	r.stack, r.end, r.ended, r.forked, r.at = r.stack[:0], End{}, false, false, nil
	if !s.reply {
		r.mark = s.question.Mark
	}
}

func (r *run) families() int {
	if r.family == netfilter.IPv4 {
		return 0
	}
	return 1
}

// finish ends the walk. Its result is always false, so that callers can return it.
func (r *run) finish(kind EndKind, c *netfilter.Chain, ru *netfilter.Rule, with string) bool {
	if !r.ended {
		r.ended = true
		r.end = End{Kind: kind, Hook: r.hook, Chain: c, Rule: ru, Packet: r.packet, Mark: r.mark, Out: r.out, With: with}
	}
	return false
}

// stop ends the walk by what the kernel itself does.
func (r *run) stop(kind EndKind, with string) bool { return r.finish(kind, nil, nil, with) }

// choose asks for one of n possible answers. text says in a sentence what an answer takes for true.
func (r *run) choose(n int, text func(answer int) string) int {
	if n <= 1 {
		return 0
	}
	if r.recorder == nil {
		r.forked = true
		return 0
	}
	r.asked++
	return r.recorder.choose(r, n, text)
}

// place is where in the rules a walk is, for telling whether two walks are in the same place.
func (r *run) place() string {
	place := fmt.Appendf(nil, "%d ", r.asked)
	if r.at != nil {
		place = fmt.Appendf(place, "%p", r.at.source)
	}
	for _, f := range r.stack {
		place = fmt.Appendf(place, " %d.%d", f.chain.id, f.next)
	}
	return string(place)
}

// step records something that happened.
func (r *run) step(kind StepKind, c *netfilter.Chain, ru *netfilter.Rule, text string) {
	if r.recorder != nil {
		r.recorder.add(r, Step{Kind: kind, Hook: r.hook, Chain: c, Rule: ru, Mark: r.mark, Out: r.out, Text: text})
	}
}

// sayRoute records where the packet's destination leads. The text is only made if it is recorded.
func (r *run) sayRoute(format, out string) {
	if r.recorder == nil {
		return
	}
	if out == "" {
		r.step(Routed, nil, nil, fmt.Sprintf(format, r.packet.Destination))
		return
	}
	r.step(Routed, nil, nil, fmt.Sprintf(format, r.packet.Destination, out))
}

// complete fills in what a question leaves open.
func (w *Walker) complete(q *Question) netfilter.Packet {
	p := q.Packet
	if p.TTL == 0 {
		p.TTL = 64
	}
	if p.Protocol == protocolTCP && p.TCPFlags == 0 {
		p.TCPFlags = flagSYN
	}
	if p.In == "" && (!p.Source.IsValid() || p.Source.IsUnspecified()) && p.Destination.IsValid() {
		p.Source = w.sourceFor(p.Destination)
	}
	if !p.Source.IsValid() {
		p.Source = unspecified(p.Destination)
	}
	return p
}

func unspecified(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// The flags of TCP that say what a packet is for.
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagPSH = 8
	flagACK = 16
	flagURG = 32
)
