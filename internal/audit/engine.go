package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// release is an engine's version: 28.3.2.
type release [3]int

// parseRelease reads "28.3.2", "28.3.2-rc.1", "20.10.24+dfsg1"; false: it is none.
func parseRelease(text string) (release, bool) {
	text, _, _ = strings.Cut(text, "-")
	text, _, _ = strings.Cut(text, "+")
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return release{}, false
	}
	var r release
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return release{}, false
		}
		r[i] = n
	}
	return r, true
}

func (r release) before(s release) bool {
	for i := range r {
		if r[i] != s[i] {
			return r[i] < s[i]
		}
	}
	return false
}

// weakness is a known fault of some engines.
type weakness struct {
	kind     *Kind
	affected func(release) bool
	told     string
}

// weaknesses matter where firewalld runs: both are about what the engine does after a reload of it.
var weaknesses = []weakness{
	{CVE54388, func(r release) bool { return !r.before(release{28, 2, 0}) && r.before(release{28, 3, 3}) },
		"after a reload of firewalld, ports published on loopback are reachable from the network"},
	{CVE54410, func(r release) bool {
		return r.before(release{28, 0, 0}) && (r[0] != 25 || r.before(release{25, 0, 13}))
	}, "after a reload of firewalld, the isolation between bridge networks is gone"},
}

// engineFindings are about the engine's version and about firewalld.
func (a *auditor) engineFindings() {
	runs := firewalld(a.machine)
	e := a.host.Engine
	if e != nil {
		runs = runs || strings.Contains(e.FirewallBackend, "firewalld")
	}
	if !runs {
		return
	}
	a.strictForwardPorts()
	if e == nil {
		return
	}
	version, ok := parseRelease(e.Version)
	if !ok {
		return
	}
	for _, w := range weaknesses {
		if w.affected(version) {
			a.report.add(Finding{Kind: w.kind, Subject: "Docker " + e.Version, Message: w.told})
		}
	}
}

// firewalld tells whether firewalld's rules are there, in either of its backends.
func firewalld(m *netfilter.Machine) bool {
	for _, t := range m.Rules.Tables {
		if t.Name == "firewalld" || t.Chain("FORWARD_direct") != nil || t.Chain("FWD_docker") != nil || t.Chain("FWD_public") != nil {
			return true
		}
	}
	return false
}

// strictForwardPorts finds where firewalld's filter_FORWARD refuses what was translated instead of accepting it: with
// StrictForwardPorts=yes such packets go to a chain that accepts what firewalld's own forward-ports have translated, and
// rejects the rest.
func (a *auditor) strictForwardPorts() {
	for _, t := range a.machine.Rules.Tables {
		c := t.Chain("filter_FORWARD")
		if t.Name != "firewalld" || c == nil {
			continue
		}
		for _, r := range c.Rules {
			if by := refusal(r); by != nil && asksDNAT(r) {
				a.report.add(Finding{Kind: StrictForwardPorts, Subject: by.String(), Line: by.Line,
					Message: fmt.Sprintf("it refuses what others than firewalld have translated: %s", by.Text)})
				return
			}
		}
	}
}

// refusal is the rule that refuses where a rule leads: itself, or one of the chain that it jumps to; nil where none does.
func refusal(r *netfilter.Rule) *netfilter.Rule {
	if refuses(r) {
		return r
	}
	for _, s := range r.Steps {
		v, is := s.(netfilter.Verdict)
		if !is || v.Chain == "" {
			continue
		}
		if next := r.Chain.Table.Chain(v.Chain); next != nil {
			if i := slices.IndexFunc(next.Rules, refuses); i >= 0 {
				return next.Rules[i]
			}
		}
	}
	return nil
}

// asksDNAT tells whether a rule looks for packets whose destination was translated.
func asksDNAT(r *netfilter.Rule) bool {
	for _, s := range r.Steps {
		test, is := s.(netfilter.Test)
		if is && test.Field == netfilter.ConntrackStatus && test.Mask.And(netfilter.Small(netfilter.StatusDestinationNAT)) != (netfilter.Number{}) {
			return true
		}
	}
	return false
}

// engineText is the engine in words: "Docker 28.5.2 (iptables)".
func engineText(e *host.Engine) string {
	if e == nil {
		return ""
	}
	if e.FirewallBackend == "" {
		return "Docker " + e.Version
	}
	return fmt.Sprintf("Docker %s (%s)", e.Version, e.FirewallBackend)
}
