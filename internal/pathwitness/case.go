package pathwitness

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/walk"
	"github.com/dockwall/dockwall/internal/wire"
)

// Case is rules, and packets that are sent under them in this order.
type Case struct {
	Rules   Rules    `json:"rules"`
	Packets []Packet `json:"packets"`
}

// maxLosses is how often a batch is sent again whose trace was not whole.
const maxLosses = 5

// Run loads a case and compares walk with the kernel; a difference is an error that tells all of it.
func (l *Lab) Run(ctx context.Context, c Case, tally *Tally) error {
	for range maxLosses {
		err := l.runOnce(ctx, c, tally)
		if !errors.Is(err, errLost) {
			return err
		}
		tally.Again++
	}
	return fmt.Errorf("%d times running: %w", maxLosses, errLost)
}

func (l *Lab) runOnce(ctx context.Context, c Case, tally *Tally) error {
	if err := l.ensure(ctx, &c.Rules); err != nil {
		return err
	}
	s, err := l.snapshot(ctx)
	if err != nil {
		return err
	}
	machine := capture.Snapshot(s)
	withoutObserver(machine.Rules)
	rules, err := numberingOf([]byte(s.Rules.NftJSON), machine.Rules)
	if err != nil {
		return err
	}
	t := trial{lab: l, walker: walk.New(machine), machine: machine, rules: rules, tally: tally}
	tally.Cases++
	return t.run(c.Packets)
}

// snapshot reads the host back as the product does.
func (l *Lab) snapshot(ctx context.Context) (s *host.Snapshot, err error) {
	err = l.Host.Do(func() error {
		var noEngine *host.NoEngineError
		s, err = host.TakeSnapshot(ctx, host.Options{DockerHost: "unix:///nonexistent/docker.sock"})
		if errors.As(err, &noEngine) {
			return nil
		}
		return err
	})
	return s, err
}

func withoutObserver(r *netfilter.Ruleset) {
	var others []*netfilter.Table
	for _, t := range r.Tables {
		if t.Name != "pathwitness" {
			others = append(others, t)
		}
	}
	r.Tables = others
}

// trial is a case under way.
type trial struct {
	lab     *Lab
	walker  *walk.Walker
	machine *netfilter.Machine
	rules   numbering
	tally   *Tally
}

// conversation is one packet of the case and those that follow it.
type conversation struct {
	number int
	first  Packet
	begun  *Observed // what became of the first packet
	answer *Observed
	// known tells that conntrack knows the conversation, whatever the undecided things are: it saw all packets so far.
	known bool
}

// run sends all first packets, then an answer to each that came through, then a later packet of each that was answered.
func (t trial) run(packets []Packet) error {
	var all []*conversation
	for i, p := range packets {
		all = append(all, &conversation{number: i, first: p})
	}
	for _, moment := range []walk.Moment{walk.First, walk.Answer, walk.Later} {
		if err := t.round(moment, all); err != nil {
			return err
		}
	}
	return nil
}

// question is what is asked of walk about a packet of the conversation.
func (c *conversation) question(m walk.Moment) walk.Question {
	q := walk.Question{Packet: c.first.Packet, Moment: m, Mark: c.first.Mark}
	if c.first.In == "" {
		q.Owner = &walk.Owner{User: c.first.User, Group: c.first.Group}
	}
	return q
}

func (t trial) round(m walk.Moment, all []*conversation) error {
	var batch []sending
	var of []*conversation
	var traces []*walk.Trace
	for _, c := range all {
		if !c.goesOn(m) {
			continue
		}
		trace := t.walker.Follow(c.question(m))
		p, ok := c.next(m, trace)
		if !ok {
			continue
		}
		p.ID = t.lab.identity()
		p.Sequence, p.Acknowledge = p.ID<<sequenceShift, p.ID<<sequenceShift
		batch, of, traces = append(batch, p), append(of, c), append(traces, trace)
	}
	seen, err := t.lab.observe(batch, t.rules)
	if err != nil {
		return err
	}
	for i, c := range of {
		o := seen[batch[i].ID]
		c.keep(m, o, traces[i])
		if err := t.compare(traces[i], o); err != nil {
			return t.describe(c, m, batch[i], traces[i], o, err)
		}
		t.tally.Packets++
		t.tally.Moments[m]++
	}
	return nil
}

// goesOn tells whether the conversation has a packet of that moment.
func (c *conversation) goesOn(m walk.Moment) bool {
	switch m {
	case walk.Answer:
		return c.begun.End != Gone && answerable(c.first) && !crossesLoopback(c.begun.Final)
	case walk.Later:
		return c.answer != nil && c.answer.End != Gone && c.known
	}
	return true
}

// crossesLoopback tells whether a packet came to a loopback address from another one. Nobody can answer it: the kernel
// refuses sockets the route (__mkroute_output), but not the raw socket that answers here.
func crossesLoopback(p netfilter.Packet) bool {
	return p.Destination.IsLoopback() && !p.Source.IsLoopback()
}

// answerable are packets that somebody could answer so that conntrack knows it for one.
func answerable(p Packet) bool {
	if p.Source.IsMulticast() || p.Source.IsLinkLocalUnicast() || broadcasts[p.Source.String()] || p.Destination.IsMulticast() {
		return false
	}
	switch p.Protocol {
	case 1:
		return p.ICMPType == 8
	case 58:
		return p.ICMPType == 128
	case 6:
		return p.TCPFlags == 2
	}
	return true
}

func (c *conversation) keep(m walk.Moment, o *Observed, trace *walk.Trace) {
	tracked := !slices.ContainsFunc(trace.Ways, func(w walk.Way) bool { return w.Conversation == nil })
	switch m {
	case walk.First:
		c.begun, c.known = o, tracked
	case walk.Answer:
		c.answer, c.known = o, c.known && tracked && leavesMark(trace)
	}
}

// leavesMark tells whether the answer leaves the conntrack mark as the first packet did: walk follows no other later packets.
func leavesMark(answer *walk.Trace) bool {
	marks := map[uint32]bool{}
	for _, w := range slices.Concat(answer.First.Ways, answer.Ways) {
		if w.Conversation != nil {
			marks[w.Conversation.Mark] = true
		}
	}
	return len(marks) < 2
}

// next is the packet to send: the first one, or what walk says that comes next, if it can be sent.
func (c *conversation) next(m walk.Moment, trace *walk.Trace) (sending, bool) {
	s := sending{Packet: wire.Packet{Packet: c.first.Packet}, User: c.first.User, Group: c.first.Group, Mark: c.first.Mark}
	if m == walk.First {
		return s, true
	}
	if len(trace.Ways) == 0 {
		return s, false
	}
	s.Packet.Packet = trace.Ways[0].Packet
	s.Tag = 1
	if m == walk.Answer {
		s.turn(c.begun)
		s.Chunk = wire.InitAck
	} else {
		s.Chunk = wire.CookieEcho
	}
	return s, true
}

// turn makes it an answer to the packet as it came through.
func (s *sending) turn(begun *Observed) {
	f := begun.Final
	s.In, s.PhysicalIn = "", ""
	if begun.End == Left && begun.Out != "lo" {
		s.In, s.PhysicalIn = begun.Out, portOf(begun.Out)
		end := s.In
		if s.PhysicalIn != "" {
			end = s.PhysicalIn
		}
		s.SourceMAC = macOf(end)
	}
	s.Source, s.Destination = f.Destination, f.Source
	s.SourcePort, s.DestinationPort, s.ICMPID = f.DestinationPort, f.SourcePort, f.ICMPID
	s.User, s.Group, s.Mark = 0, 0, 0
}

// portOf is a port of a bridge, "" where the interface is none.
func portOf(bridge string) string {
	for _, one := range links {
		if one.name == bridge && len(one.ports) > 0 {
			return one.ports[0]
		}
	}
	return ""
}
