package pathwitness

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/walk"
)

// compare holds a walk against what the kernel did. One way that nothing hangs on must be the kernel's, rule by rule; of
// several, one must end as the kernel ended.
func (t trial) compare(trace *walk.Trace, o *Observed) error {
	tally := t.tally
	tally.Ends[o.End]++
	if len(trace.Ways) == 0 {
		return fmt.Errorf("walk says that there is no such packet")
	}
	if !trace.Ways[0].Sure || trace.Ways[0].End.Kind == walk.Unknown {
		tally.unsure(trace.Ways)
		return oneOf(trace.Ways, o)
	}
	way := trace.Ways[0]
	if err := sameEnd(way.End, o); err != nil {
		return err
	}
	path := pathOf(way)
	idle := func(p Place) bool { return t.idle(p, way.Packet.Family()) }
	if !slices.Equal(path, slices.DeleteFunc(slices.Clone(o.Steps), idle)) {
		return fmt.Errorf("walk goes another way, to the same end")
	}
	tally.Certain++
	tally.count(way)
	tally.Steps += len(path)
	return nil
}

func oneOf(ways []walk.Way, o *Observed) error {
	var errs []string
	for _, way := range ways {
		err := sameEnd(way.End, o)
		if err == nil {
			return nil
		}
		errs = append(errs, err.Error())
	}
	return fmt.Errorf("none of %d ways: %s", len(ways), strings.Join(errs, "; "))
}

// sameEnd is nil where the kernel's end is the one of walk.
func sameEnd(e walk.End, o *Observed) error {
	var wanted Ending
	switch e.Kind {
	case walk.Unknown:
		return nil
	case walk.Delivered:
		wanted = Delivered
	case walk.Forwarded:
		wanted = Left
	default:
		wanted = Gone
	}
	if o.End != wanted {
		return fmt.Errorf("walk says %s (%s), the kernel %s", e.Kind, e.With, o.End)
	}
	if wanted == Gone {
		return sameAnswer(e, o.Answer)
	}
	if wanted == Left && e.Out != o.Out {
		return fmt.Errorf("walk says that it leaves by %q, the kernel by %q", e.Out, o.Out)
	}
	return sameHeader(e.Packet, o.Final)
}

// sameAnswer looks at what the sender is told. Of packets that the kernel itself gives up, it does not matter.
func sameAnswer(e walk.End, answer string) error {
	switch {
	case e.Kind == walk.Rejected && answer != "" && answer != icmpOf(e):
		return fmt.Errorf("walk says that it is rejected with %s (%s), the kernel answered with %s", e.With, icmpOf(e), answer)
	case e.Kind == walk.Dropped && (e.Rule != nil || e.Chain != nil) && answer != "":
		return fmt.Errorf("walk says that it is dropped, the kernel answered with %s", answer)
	}
	return nil
}

// rejections are the answers in iptables' words, as RFC 792 and RFC 4443 number them.
var rejections = map[string]string{
	"tcp-reset": "tcp-reset", "icmp-net-unreachable": "icmp 3/0", "icmp-host-unreachable": "icmp 3/1",
	"icmp-proto-unreachable": "icmp 3/2", "icmp-port-unreachable": "icmp 3/3", "icmp-net-prohibited": "icmp 3/9",
	"icmp-host-prohibited": "icmp 3/10", "icmp-admin-prohibited": "icmp 3/13", "icmp6-no-route": "icmpv6 1/0",
	"icmp6-adm-prohibited": "icmpv6 1/1", "icmp6-addr-unreachable": "icmpv6 1/3", "icmp6-port-unreachable": "icmpv6 1/4",
}

func icmpOf(e walk.End) string {
	if is := rejections[netfilter.RejectedWith(e.With, e.Packet.Family())]; is != "" {
		return is
	}
	return "unknown: " + e.With
}

func sameHeader(w, k netfilter.Packet) error {
	type header struct {
		source, destination string
		protocol            uint8
		ports               [2]uint16
		id                  uint16
		ttl, dscp           uint8
	}
	of := func(p netfilter.Packet) header {
		return header{p.Source.String(), p.Destination.String(), p.Protocol, [2]uint16{p.SourcePort, p.DestinationPort}, p.ICMPID,
			p.TTL, p.DSCP}
	}
	if of(w) != of(k) {
		return fmt.Errorf("walk says that it comes through as %+v, the kernel %+v", of(w), of(k))
	}
	return nil
}

// pathOf are the rules that matched and the policies that were applied.
func pathOf(w walk.Way) []Place {
	var path []Place
	for _, s := range w.Steps {
		if s.Chain == nil || s.Kind != walk.RuleMatched && s.Kind != walk.PolicyApplied || s.Text == "in part" {
			continue // the kernel says nothing of rules that break off after having done something
		}
		p := Place{Legacy: s.Chain.Table.Origin == netfilter.XtablesLegacy, Family: s.Chain.Table.Family,
			Table: s.Chain.Table.Name, Chain: s.Chain.Name}
		if s.Rule != nil {
			p.Rule = s.Rule.Number
		}
		path = append(path, p)
	}
	return path
}

// describe is all one needs to know about a difference.
func (t trial) describe(c *conversation, m walk.Moment, s sending, trace *walk.Trace, o *Observed, err error) error {
	var b strings.Builder
	fmt.Fprintf(&b, "packet %d, %s: %v\n", c.number, m, err)
	fmt.Fprintf(&b, "question: %s\nsent: %s\n", asJSON(trace.Question), asJSON(s.Packet.Packet))
	fmt.Fprintf(&b, "the kernel: %s %s %s answer %q\n", o.End, o.Out, asJSON(o.Final), o.Answer)
	for _, p := range o.Steps {
		fmt.Fprintf(&b, "  %-50s %s\n", p, t.textOf(p))
	}
	for _, w := range trace.Ways {
		fmt.Fprintf(&b, "walk: %s out %q %s (%s) because %q\n", w.End.Kind, w.End.Out, asJSON(w.End.Packet), w.End.With, w.Because)
		for _, p := range pathOf(w) {
			fmt.Fprintf(&b, "  %-50s %s\n", p, t.textOf(p))
		}
	}
	return &Difference{Packet: c.number, Moment: m, text: b.String()}
}

// Difference is a packet that walk does not follow as the kernel does.
type Difference struct {
	Packet int // of the case
	Moment walk.Moment
	text   string
}

func (d *Difference) Error() string { return d.text }

// idle tells whether a rule translates addresses of the other family. The kernel says that it matched, but it does nothing
// (nft_nat_inet_eval), and the model has it not match.
func (t trial) idle(p Place, f netfilter.Family) bool {
	r := t.ruleAt(p)
	if r == nil || p.Family != netfilter.Inet {
		return false
	}
	number := map[netfilter.Family]uint64{netfilter.IPv4: 2, netfilter.IPv6: 10}[f]
	for i, s := range r.Steps {
		test, ok := s.(netfilter.Test)
		if !ok || test.Field != netfilter.NetworkFamily || test.Values.Contains(netfilter.Small(number)) != test.Negate {
			continue
		}
		return slices.ContainsFunc(r.Steps[i:], func(s netfilter.Step) bool { _, is := s.(netfilter.NAT); return is })
	}
	return false
}

// textOf is the rule as the product read it.
func (t trial) textOf(p Place) string {
	if r := t.ruleAt(p); r != nil {
		return r.Text
	}
	return ""
}

// ruleAt is nil where the place is a policy.
func (t trial) ruleAt(p Place) *netfilter.Rule {
	for _, table := range t.machine.Rules.Tables {
		if (table.Origin == netfilter.XtablesLegacy) != p.Legacy || table.Family != p.Family || table.Name != p.Table {
			continue
		}
		if c := table.Chain(p.Chain); c != nil && p.Rule > 0 && p.Rule <= len(c.Rules) {
			return c.Rules[p.Rule-1]
		}
	}
	return nil
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
