package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/reach"
)

// checker proves one address family.
type checker struct {
	result   *Result
	analysis *reach.Analysis
	host     *host.Host
	policy   *policy.Policy
	family   netfilter.Family
	space    *packetset.Space
	meaning  *Meaning
	bridges  []string
	begins   packetset.Set
	audible  packetset.Set                                 // packets that begin a conversation and that somebody hears
	mute     packetset.Set                                 // TCP without any flag: no such packet can be asked about, because a SYN is meant by that
	foreign  map[*netfilter.Chain]map[*netfilter.Rule]bool // what is in result.Foreign already
	reported map[string]bool                               // what is in result.Wrong already, by what is alike
	made     map[string]packetset.Set                      // see once
}

// all goes through the packets that arrive on each interface, and those that the host makes.
func (c *checker) all(ctx context.Context, interfaces []host.Interface) error {
	for _, in := range append(sources(interfaces), "") {
		for _, moment := range []reach.Moment{reach.First, reach.Later, reach.Answer} {
			if err := ctx.Err(); err != nil {
				return err
			}
			within := c.space.All()
			if moment != reach.First {
				within = c.begins
			}
			for _, flow := range c.analysis.Arriving(in, c.family, within, moment) {
				c.result.Classes += flow.Packets.Cells()
				c.look(in, moment, flow)
			}
		}
	}
	return nil
}

// sources are the interfaces that packets arrive on: not the ports of bridges and bonds, whose packets arrive on those.
func sources(interfaces []host.Interface) []string {
	var names []string
	for _, i := range interfaces {
		if i.Master == "" {
			names = append(names, i.Name)
		}
	}
	return names
}

// look holds one flow against the policy.
func (c *checker) look(in string, moment reach.Moment, flow reach.Flow) {
	switch {
	case in != "" && !c.host.Inside(in):
		c.ingress(in, moment, flow)
	case slices.Contains(c.bridges, in) && c.crosses(moment, flow):
		c.egress(in, moment, flow)
	default:
		c.untouched(in, moment, flow, c.space.All())
	}
}

// crosses tells whether packets from a bridge go outside (their answers come from there).
func (c *checker) crosses(moment reach.Moment, flow reach.Flow) bool {
	outside := farEnd(moment, flow)
	return outside != "" && !c.host.Inside(outside)
}

func (c *checker) ingress(in string, moment reach.Moment, flow reach.Flow) {
	judged := in
	if moment == reach.Answer {
		judged = anyInterface
	}
	bridged := slices.Contains(c.bridges, farEnd(moment, flow))
	switch {
	case flow.Kind == reach.Unknown, bridged && c.through(moment, flow):
		c.mustNotPass(in, moment, flow, c.refused(judged))
	case c.through(moment, flow) && c.endsOnHost(moment, flow) && !translated(flow):
		c.mustNotPass(in, moment, flow, c.refusedOnHost(judged))
	}
	if bridged && c.through(moment, flow) {
		c.mustNotPass(in, moment, flow, c.meaning.Unknown(in))
	}
	c.mustPass(in, moment, flow, c.allowed(in))
	if !bridged && !translated(flow) {
		c.untouched(in, moment, flow, c.ungoverned(in))
	}
}

// through tells whether packets from outside came in, or an answer from inside got out. What answers a forged sender
// that is inside itself does not get out.
func (c *checker) through(moment reach.Moment, flow reach.Flow) bool {
	if moment == reach.Answer {
		return flow.Kind == reach.Forwarded && !c.host.Inside(flow.Out)
	}
	return flow.Kind.Passes()
}

// farEnd is the interface that a conversation's packets leave by, and its answers come in by.
func farEnd(moment reach.Moment, flow reach.Flow) string {
	if moment == reach.Answer {
		return flow.In
	}
	return flow.Out
}

// endsOnHost tells whether a conversation is one with the host itself.
func (c *checker) endsOnHost(moment reach.Moment, flow reach.Flow) bool {
	if moment == reach.Answer {
		return flow.In == ""
	}
	return flow.Kind == reach.Delivered
}

// translated tells whether NAT changed the destination of packets: perhaps somebody's, who sends a port that nobody
// publishes into a container. The policy does not know of that, and dockwall refuses it.
func translated(flow reach.Flow) bool { return flow.Destination.IsValid() || flow.DestinationPort != 0 }

// egress looks at what containers send outside. Packets that begin no conversation cannot be judged, and are dropped
// only where they would come to a container.
func (c *checker) egress(in string, moment reach.Moment, flow reach.Flow) {
	judged := farEnd(moment, flow)
	passes := flow.Kind.Passes()
	if moment == reach.Answer {
		judged = anyInterface
		passes = flow.Kind == reach.Forwarded && c.host.Inside(flow.Out) // else the question's sender was forged
	}
	if passes || flow.Kind == reach.Unknown {
		c.mustNotPass(in, moment, flow, c.refusedOut(judged))
	}
	c.mustPass(in, moment, flow, c.allowedOut(farEnd(moment, flow)))
}

// mustNotPass reports the packets of a flow that are among those refused.
func (c *checker) mustNotPass(in string, moment reach.Moment, flow reach.Flow, refused packetset.Set) {
	fault := Reaches
	if flow.Kind == reach.Unknown {
		fault = Unclear
	}
	c.report(in, moment, flow, fault, flow.Packets.And(refused))
}

// mustPass reports the packets of a flow that are allowed and that dockwall's rules refuse; those that others refuse are
// noted apart.
func (c *checker) mustPass(in string, moment reach.Moment, flow reach.Flow, allowed packetset.Set) {
	if flow.Kind != reach.Dropped && flow.Kind != reach.Rejected || flow.Chain == nil {
		return
	}
	switch {
	case !flow.Packets.Meets(allowed):
	case IsDockwalls(flow.Chain):
		c.report(in, moment, flow, Refused, c.heard(flow.Packets).And(allowed))
	case moment == reach.First:
		c.noteForeign(in, flow, allowed)
	}
}

// untouched reports the packets of a flow, of those that the policy does not govern, that dockwall's rules refuse.
func (c *checker) untouched(in string, moment reach.Moment, flow reach.Flow, ungoverned packetset.Set) {
	if flow.Kind != reach.Dropped && flow.Kind != reach.Rejected || flow.Chain == nil || !IsDockwalls(flow.Chain) {
		return
	}
	if moment == reach.Answer && !c.goesBack(in, flow) {
		return
	}
	c.report(in, moment, flow, Touched, c.heard(flow.Packets.And(ungoverned)))
}

// goesBack tells whether an answer goes where its question came from: outside on any interface. Otherwise the sender of
// the question was forged, and nobody waits for the answer.
func (c *checker) goesBack(in string, flow reach.Flow) bool {
	if in == "" || c.host.Inside(in) {
		return flow.Out == in
	}
	return flow.Out != "" && !c.host.Inside(flow.Out)
}

// report notes packets on which the rules and the policy differ: for each fault, interface and rule the first that is
// found.
func (c *checker) report(in string, moment reach.Moment, flow reach.Flow, fault Fault, packets packetset.Set) {
	if packets.IsEmpty() || len(c.result.Wrong) >= most {
		return
	}
	key := fmt.Sprintf("%s %s %s %p %p", fault, in, flow.Out, flow.Rule, flow.Chain)
	if moment == reach.Answer {
		key = fmt.Sprintf("%s %s %s %p %p", fault, in, flow.In, flow.Rule, flow.Chain)
	}
	if c.reported[key] {
		return
	}
	c.reported[key] = true
	w := Wrong{Fault: fault, Moment: moment, Out: flow.Out, Rule: flow.Rule, Chain: flow.Chain}
	w.Packet, w.Possibly = c.example(in, packets)
	out := ""
	if c.crosses(moment, flow) && c.host.Inside(in) {
		out = farEnd(moment, flow)
	}
	w.Decision = policy.Decide(c.policy, c.host, Conversation(w.Packet, out))
	c.result.Wrong = append(c.result.Wrong, w)
}

// example is one of some packets, that most certainly are: to an address of the interface they arrive on where they can
// be, because people know those.
func (c *checker) example(in string, packets packetset.Set) (p netfilter.Packet, possibly bool) {
	certain := packets.Certainly()
	if possibly = certain.IsEmpty(); possibly {
		certain = packets.Possibly()
	}
	if told := certain.Minus(c.mute); !told.IsEmpty() {
		certain = told
	}
	for _, i := range c.host.Interfaces {
		for _, address := range i.Addresses {
			if i.Name != in || address.Addr().IsLinkLocalUnicast() {
				continue
			}
			near := certain.And(c.meaning.addresses(netfilter.DestinationAddress, addrset.OfAddresses(address.Addr())))
			if !near.IsEmpty() {
				certain = near
				break
			}
		}
	}
	p, _ = certain.Example()
	p.In = in
	return p, possibly
}

// noteForeign notes a rule of others that refuses what the policy allows at a published port. That engines refuse
// packets for containers' own addresses is as it should be.
func (c *checker) noteForeign(in string, flow reach.Flow, allowed packetset.Set) {
	if len(c.result.Foreign) >= most || c.foreign[flow.Chain][flow.Rule] {
		return
	}
	packets := c.heard(flow.Packets.And(c.published()).And(allowed))
	if packets.IsEmpty() {
		return
	}
	if c.foreign[flow.Chain] == nil {
		c.foreign[flow.Chain] = map[*netfilter.Rule]bool{}
	}
	c.foreign[flow.Chain][flow.Rule] = true
	f := Foreign{Rule: flow.Rule, Chain: flow.Chain}
	f.Packet, _ = c.example(in, packets)
	c.result.Foreign = append(c.result.Foreign, f)
}
