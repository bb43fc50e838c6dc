package nftables

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// addLine adds the rules of a line to a chain. What is looked up in a named set comes last, so that a set's counters
// count only what matches in everything else.
func (d *dispatcher) addLine(c *chain, protocol string, l *gate.Line) {
	rest := d.match(l, protocol)
	for _, on := range d.directions(l) {
		if l.Log {
			c.rules = append(c.rules, rule{on + rest + d.client(l.Client) + logging(l), ruleComment(l.Rule)})
		}
		if len(l.Members) > 0 {
			c.add("%s%s%s%s", on, rest, d.members(l), verdict(l.Action))
			continue
		}
		c.rules = append(c.rules, rule{on + rest + d.client(l.Client) + "counter " + verdict(l.Action), ruleComment(l.Rule)})
	}
}

func verdict(a policy.Action) string {
	if a == policy.Allow {
		return "accept"
	}
	return "goto refuse"
}

// directions are the ways in which a packet can meet a line. Answers may take another interface than they came by: they
// are not refused for it, and what is allowed is allowed to be answered.
func (d *dispatcher) directions(l *gate.Line) []string {
	if l.Interface == "" {
		return []string{""}
	}
	name, err := interfaceText(l.Interface)
	if err != nil {
		d.errs = append(d.errs, err)
	}
	outside := "iifname"
	if d.way == gate.Egress {
		outside = "oifname"
	}
	begun := fmt.Sprintf("ct direction original %s %s ", outside, name)
	if l.Action == policy.Deny {
		return []string{begun}
	}
	return []string{begun, "ct direction reply "}
}

// match is a line's conditions but for its interface and client, with a space after each.
func (d *dispatcher) match(l *gate.Line, protocol string) string {
	var text string
	if l.AnsweringPort != 0 {
		if protocol == "" {
			d.errs = append(d.errs, errors.New("the gate has a line for a container's port where there are no ports: "+
				"this is a bug in dockwall"))
		}
		text += fmt.Sprintf("meta l4proto %s ct reply proto-src %d ", protocol, l.AnsweringPort)
	}
	if !l.Dialled.Any() {
		text += fmt.Sprintf("ct original %s daddr %s ", d.ct, d.addresses(l.Dialled))
	}
	if !l.Answering.Any() {
		text += fmt.Sprintf("ct reply %s saddr %s ", d.ct, d.addresses(l.Answering))
	}
	return text
}

func (d *dispatcher) client(s gate.AddressSet) string {
	if s.Any() {
		return ""
	}
	return fmt.Sprintf("ct original %s saddr %s ", d.ct, d.addresses(s))
}

// addresses is what a set's addresses are compared with: the only range there is, or a named set.
func (d *dispatcher) addresses(s gate.AddressSet) string {
	if len(s.Ranges) == 1 {
		return addressesText(s.Ranges[0].From(), s.Ranges[0].To())
	}
	named := &set{name: addressesName(d.family, s), kind: d.kind, interval: true}
	for _, r := range s.Ranges {
		named.elements = append(named.elements, element{first: addressKey(r.From()), last: addressKey(r.To())})
	}
	return "@" + string(d.addSet(named))
}

// members is the match of a merged line's clients, each with the counter and the comment of its rule.
func (d *dispatcher) members(l *gate.Line) string {
	named := &set{name: membersName(d.family, l.Client), kind: d.kind, interval: true, counted: true}
	for _, m := range l.Members {
		named.elements = append(named.elements, element{
			first: addressKey(m.Range.From()), last: addressKey(m.Range.To()), comment: ruleComment(m.Rule),
		})
	}
	return fmt.Sprintf("ct original %s saddr @%s ", d.ct, d.addSet(named))
}

// logLimit keeps a flood of packets from becoming a flood of log lines.
const logLimit = "limit rate 5/second burst 20 packets"

// logging logs what a line decides: of what is allowed, the first packet of each conversation. The prefix has no
// position, because the rule stays when its sentence moves.
func logging(l *gate.Line) string {
	text := logLimit
	if l.Action == policy.Allow {
		text = "ct state new " + text
	}
	const prefixLimit = 120 // bytes; the kernel takes 127
	prefix := admitted("dockwall "+l.Rule.Sentence+" #"+l.Rule.Hash, commentAlphabet, prefixLimit)
	return text + ` log prefix "` + prefix + ` "`
}

// scopeSet is the set of the addresses that a port is published on.
func scopeSet(scope []netip.Addr) gate.AddressSet {
	scope = slices.SortedFunc(slices.Values(scope), netip.Addr.Compare)
	sum := sha256.New()
	s := gate.AddressSet{Name: "scope"}
	for _, a := range slices.Compact(scope) {
		s.Ranges = append(s.Ranges, netipx.IPRangeFrom(a, a))
		sum.Write(a.AsSlice())
	}
	s.ID = hex.EncodeToString(sum.Sum(nil))[:12]
	return s
}
