package gate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Compile is the gate that makes a host enforce a policy. Its error is a sentence about what cannot be put into rules:
// a set that the policy does not have, or an interface with a name that means something else in a rule.
func Compile(p *policy.Policy, h *host.Host) (*Gate, error) {
	g := &Gate{Bridges: h.Bridges(), Refuse: p.Defaults.Refuse}
	if err := check(p, g.Bridges); err != nil {
		return nil, err
	}
	c := newCompiler(p, h)
	var err4, err6 error
	g.IPv4, err4 = c.family(false)
	g.IPv6, err6 = c.family(true)
	if err := cmp.Or(err4, err6); err != nil {
		return nil, err
	}
	return g, nil
}

// rule is a rule with all that does not depend on the address family.
type rule struct {
	*policy.Rule
	ref RuleRef
	targets
}

// compiler makes the families of one gate.
type compiler struct {
	policy          *policy.Policy
	selection       *selection
	ingress, egress []rule // those that refuse first
}

func newCompiler(p *policy.Policy, h *host.Host) *compiler {
	c := &compiler{policy: p, selection: newSelection(h)}
	c.ingress = c.rules(p.Ingress)
	egress := p.Egress
	if p.Defaults.Egress == policy.Allow {
		// What nothing refuses is allowed anyway: without the rules that allow, most packets are not even looked at.
		allows := func(r policy.Rule) bool { return r.Action == policy.Allow }
		egress = slices.DeleteFunc(slices.Clone(egress), allows)
	}
	c.egress = c.rules(egress)
	return c
}

func (c *compiler) rules(all []policy.Rule) []rule {
	rules := make([]rule, len(all))
	for i := range all {
		rules[i] = rule{&all[i], NewRuleRef(all[i]), c.selection.targets(&all[i])}
	}
	slices.SortStableFunc(rules, func(a, b rule) int { return cmp.Compare(a.Action, b.Action) })
	return rules
}

// family makes the gate of one address family.
func (c *compiler) family(v6 bool) (Family, error) {
	f := &familyCompiler{addressSets: newAddressSets(c.policy, v6), selection: c.selection}
	f.publish()
	forwarded, local, egress := newDraft(), newDraft(), newDraft()
	for i := range c.ingress {
		r := &c.ingress[i]
		if line, ok := f.ingressLine(r); ok {
			f.addForwarded(forwarded, line, r)
			f.addLocal(local, line, r)
		}
	}
	for i := range c.egress {
		f.addEgress(egress, &c.egress[i])
	}
	defaults, family := c.policy.Defaults, f.whole.String()
	inbound, outbound := newCrowds("to containers "+family), newCrowds("from containers "+family)
	return Family{
		Ingress: forwarded.dispatch(newChains(Ingress, inbound, forwarded.lines), defaults.Ingress),
		Local:   local.local(newChains(Local, inbound, local.lines), f.ports, defaults.Ingress),
		Egress:  egress.dispatch(newChains(Egress, outbound, egress.lines), defaults.Egress),
	}, f.err
}

// familyCompiler puts the rules into drafts for one address family.
type familyCompiler struct {
	*addressSets
	selection *selection
	ports     []*publishedPort // sorted by protocol, then number
}

// check finds what must not come into a gate. In a policy the parser refuses it already; names of bridges are the
// host's.
func check(p *policy.Policy, bridges []string) error {
	for _, b := range bridges {
		if !safeInterface(b) {
			return fmt.Errorf("the Docker bridge %q cannot be named in a rule; use 1 to 15 letters, digits, '.', '_' or '-' "+
				"in the network's option com.docker.network.bridge.name", b)
		}
	}
	for _, rules := range [][]policy.Rule{p.Ingress, p.Egress} {
		for i := range rules {
			if err := checkRule(p, &rules[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkRule(p *policy.Policy, r *policy.Rule) error {
	if r.Interface != "" && !safeInterface(r.Interface) {
		return fmt.Errorf("%s: the interface %q cannot be named in a rule", r.Position, r.Interface)
	}
	for _, peers := range [][]policy.Peer{r.From.Items, r.From.Except, r.To.Items, r.To.Except, r.Within} {
		for _, peer := range peers {
			if peer.Set != "" && p.Sets[peer.Set] == nil {
				return fmt.Errorf("%s: the policy has no set %q", r.Position, peer.Set)
			}
		}
	}
	return nil
}

// safeInterface tells whether a name means just itself in both backends: iptables takes a "+" at the end and nft a "*"
// for any interface that begins so.
func safeInterface(name string) bool {
	if name == "" || len(name) > 15 {
		return false
	}
	for _, c := range []byte(name) {
		if !isAlphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return isAlphanumeric(name[0])
}
