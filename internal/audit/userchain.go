package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/reach"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/verify"
	"github.com/dockwall/dockwall/internal/walk"
)

// userChainFindings are about DOCKER-USER: what gets in without meeting it, and what it does to containers' neighbours.
func (a *auditor) userChainFindings(ctx context.Context) error {
	for _, f := range bothFamilies {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := userChain(a.machine, f)
		if c == nil {
			continue
		}
		a.bypassed(f, c)
		a.deadRules(f, c)
		a.bridgeNetfilter(f, c)
	}
	return nil
}

// bypassed finds packets that come to containers without meeting DOCKER-USER: those that still do on a host where
// DOCKER-USER drops everything.
func (a *auditor) bypassed(f netfilter.Family, user *netfilter.Chain) {
	closed := withClosed(a.machine, user)
	analysis := reach.New(closed)
	for _, i := range a.outside {
		for _, flow := range analysis.Towards(a.bridges, i.Name, f, analysis.Space(f).All(), reach.First) {
			if flow.Kind != reach.Forwarded || !slices.Contains(a.bridges, flow.Out) {
				continue
			}
			p, possibly, some := exampleOf(flow.Packets, i.Name)
			if !some {
				continue
			}
			a.reportBypass(f, user, closed, p, possibly)
			return
		}
	}
}

func (a *auditor) reportBypass(f netfilter.Family, user *netfilter.Chain, closed *netfilter.Machine, p netfilter.Packet, possibly bool) {
	finding := Finding{Kind: DockerUserBypassed, Subject: fmt.Sprintf("DOCKER-USER (%s)", familyName(f)), Possible: possibly,
		Evidence: evidence(story.Scene{Machine: closed, Host: a.host}, walk.New(closed), p), Message: "no rule leads packets into containers past it"}
	if !refusesAnything(user) {
		finding.Severity = Low
	}
	finding.Message = "packets come to containers without meeting it"
	if r := acceptedBy(closed, p); r != nil {
		finding.Message = fmt.Sprintf("%s accepts packets into containers before they meet it: %s", r, r.Text)
		finding.Line = r.Line
	}
	a.report.add(finding)
}

// acceptedBy is the last rule of the forward hook that accepted a packet.
func acceptedBy(m *netfilter.Machine, p netfilter.Packet) *netfilter.Rule {
	var accepted *netfilter.Rule
	trace := walk.New(m).Follow(walk.Question{Packet: p, Moment: walk.First})
	for _, w := range trace.Ways {
		for _, s := range w.Steps {
			if s.Kind == walk.RuleMatched && s.Hook == netfilter.Forward && s.Rule != nil && decides(s.Rule) && !refuses(s.Rule) &&
				s.Chain.Table.Name == "filter" {
				accepted = s.Rule
			}
		}
	}
	return accepted
}

// withClosed is the machine with one chain that drops everything. The machine itself stays as it is.
func withClosed(m *netfilter.Machine, chain *netfilter.Chain) *netfilter.Machine {
	changed := *m
	rules := *m.Rules
	changed.Rules = &rules
	rules.Tables = nil
	for _, t := range m.Rules.Tables {
		if t == chain.Table {
			t = closedIn(t, chain)
		}
		rules.Tables = append(rules.Tables, t)
	}
	return &changed
}

func closedIn(t *netfilter.Table, chain *netfilter.Chain) *netfilter.Table {
	copied := &netfilter.Table{Origin: t.Origin, Family: t.Family, Name: t.Name, Sets: t.Sets, Dormant: t.Dormant}
	for _, c := range t.Chains {
		d := &netfilter.Chain{Table: copied, Name: c.Name, Base: c.Base}
		for _, r := range c.Rules {
			if c != chain {
				one := *r
				one.Chain = d
				d.Rules = append(d.Rules, &one)
			}
		}
		if c == chain {
			d.Rules = []*netfilter.Rule{{Chain: d, Number: 1, Text: "-j DROP", Steps: []netfilter.Step{netfilter.Verdict{Kind: netfilter.Drop}}}}
		}
		copied.Chains = append(copied.Chains, d)
	}
	return copied
}

// bridgeNetfilter finds packets between two containers on one bridge that DOCKER-USER refuses, where bridge-nf sends
// them through FORWARD.
func (a *auditor) bridgeNetfilter(f netfilter.Family, user *netfilter.Chain) {
	setting := "net.bridge.bridge-nf-call-iptables"
	if f == netfilter.IPv6 {
		setting = "net.bridge.bridge-nf-call-ip6tables"
	}
	if a.machine.Sysctls[setting] != "1" {
		return
	}
	own := reachable(user)
	for _, bridge := range a.bridges {
		for _, flow := range a.analysis.Arriving(bridge, f, a.analysis.Space(f).All(), reach.First) {
			refused := flow.Kind == reach.Dropped || flow.Kind == reach.Rejected
			if !refused || flow.Out != bridge || !slices.Contains(own, flow.Chain) {
				continue
			}
			p, possibly, some := exampleOf(flow.Packets, bridge)
			if some {
				a.report.add(Finding{Kind: BridgeNetfilter, Subject: bridge, Possible: possibly, Evidence: a.evidence(p),
					Message: "packets between its containers cross FORWARD, and DOCKER-USER refuses some"})
				break
			}
		}
	}
}

// exampleOf is one of some packets that arrive on an interface.
func exampleOf(set packetset.Set, in string) (p netfilter.Packet, possibly, some bool) {
	certain := set.Certainly()
	if possibly = certain.IsEmpty(); possibly {
		certain = set.Possibly()
	}
	p, some = certain.Example()
	p.In = in
	return p, possibly, some
}

// deadRules finds rules in DOCKER-USER, and in the chains that it leads to, that no packet can come to.
func (a *auditor) deadRules(f netfilter.Family, user *netfilter.Chain) {
	for _, c := range reachable(user) {
		if verify.IsDockwalls(c) {
			continue
		}
		for _, j := range a.analysis.Judge(c, f) {
			if !j.Dead || !acts(j.Rule) {
				continue
			}
			a.report.add(Finding{Kind: DeadRule, Subject: fmt.Sprintf("%s (%s)", j.Rule, familyName(f)), Line: j.Rule.Line,
				rule: j.Rule, family: f, Message: shadowed(j), Evidence: Evidence{Trace: []string{j.Rule.Text}}})
		}
	}
}

// acts tells whether a rule is there to do something: not only a remark.
func acts(r *netfilter.Rule) bool {
	return slices.ContainsFunc(r.Steps, func(s netfilter.Step) bool {
		v, is := s.(netfilter.Verdict)
		return is && v.Kind != netfilter.Continue
	})
}

// shadowed says why a rule is dead.
func shadowed(j reach.Judgement) string {
	if len(j.By) == 0 {
		return "no packet matches it: what it asks for contradicts itself"
	}
	var by []string
	for _, r := range j.By {
		by = append(by, fmt.Sprintf("rule %d (%s)", r.Number, r.Text))
	}
	return "all that it would match is decided before, by " + short(strings.Join(by, ", "))
}
