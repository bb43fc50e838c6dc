package access

import (
	"slices"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// unreadable is said of a publication that an installed rule speaks of whose sentence did not fit into its comment.
const unreadable = "as its rules say, too long to read back"

// State is a set of rules, in force or to be, that decides who reaches what.
type State interface {
	// Who says whom the state lets reach the publication of the host.
	Who(p Publication, h *host.Host) string
	// Egress are the rules about where containers go, and what decides where none does.
	Egress() (rules []gate.RuleRef, otherwise policy.Action)
}

// Open is the state of a host without any rules of dockwall's.
type Open struct{}

// Who is anyone.
func (Open) Who(p Publication, _ *host.Host) string { return who(nil, policy.Allow, p) }

// Egress is without rules.
func (Open) Egress() ([]gate.RuleRef, policy.Action) { return nil, policy.Allow }

// Policy is the state that a policy, with its labels merged in, wants, and the gate it was compiled to.
type Policy struct {
	*policy.Policy
	*gate.Gate
}

// Who is by the policy's rules and default.
func (s Policy) Who(p Publication, h *host.Host) string {
	return who(speaking(s.Ingress, p, h), s.Defaults.Ingress, p)
}

// Egress are the gate's: rules that say nothing on this host, or only what the default says, are not in it.
func (s Policy) Egress() ([]gate.RuleRef, policy.Action) {
	return append(s.IPv4.Egress.Rules(), s.IPv6.Egress.Rules()...), s.Defaults.Egress
}

// speaking are those of the rules that have to do with the publication.
func speaking(rules []policy.Rule, p Publication, h *host.Host) []policy.Rule {
	var some []policy.Rule
	for i := range rules {
		if speaksOf(&rules[i], p, h) {
			some = append(some, rules[i])
		}
	}
	return some
}

// Installed is the state that a kernel enforces, as far as the comments of its rules tell.
type Installed struct {
	*backend.Installed
	known map[string]policy.Rule // by hash
}

// NewInstalled is the state of what is installed. The policy's rules are known by their hash, whatever their length;
// the others are parsed from their comments. p may be nil.
func NewInstalled(i *backend.Installed, p *policy.Policy) Installed {
	s := Installed{i, map[string]policy.Rule{}}
	if p != nil {
		for _, r := range slices.Concat(p.Ingress, p.Egress) {
			s.known[gate.NewRuleRef(r).Hash] = r
		}
	}
	return s
}

// rule is the rule behind a comment. Its hash proves that the comment holds all of it.
func (s Installed) rule(ref gate.RuleRef, section policy.Section) (policy.Rule, bool) {
	if r, ok := s.known[ref.Hash]; ok {
		return r, true
	}
	r, problems := policy.ParseSentence(section, ref.Sentence)
	if problems.Err() != nil || gate.NewRuleRef(r).Hash != ref.Hash {
		return policy.Rule{}, false
	}
	s.known[ref.Hash] = r
	return r, true
}

// Who is by the lines that are dispatched for the publication's port.
func (s Installed) Who(p Publication, h *host.Host) string {
	own := s.hasChain(p)
	otherwise := policy.Allow
	var rules []policy.Rule
	seen := map[string]bool{}
	for i := range s.Lines {
		l := &s.Lines[i]
		switch {
		case l.Way != backend.Ingress:
		case l.Default:
			otherwise = l.Action
		case own && !leadsTo(l, p), !own && len(l.Ports) > 0, seen[l.Rule.Hash]:
		default:
			seen[l.Rule.Hash] = true
			r, ok := s.rule(l.Rule, policy.Ingress)
			if !ok {
				return unreadable
			}
			rules = append(rules, r)
		}
	}
	return who(speaking(rules, p, h), otherwise, p)
}

// hasChain tells whether lines are dispatched from the publication's port; if not, those for all other ports count.
func (s Installed) hasChain(p Publication) bool {
	return slices.ContainsFunc(s.Lines, func(l backend.Line) bool { return l.Way == backend.Ingress && leadsTo(&l, p) })
}

func leadsTo(l *backend.Line, p Publication) bool {
	return slices.ContainsFunc(l.Ports, func(r backend.Ports) bool {
		return r.Protocol == p.Protocol && r.First <= p.Port && p.Port <= r.Last
	})
}

// Egress are the rules of the installed lines.
func (s Installed) Egress() ([]gate.RuleRef, policy.Action) {
	otherwise := policy.Allow
	var rules []gate.RuleRef
	for _, l := range s.Lines {
		switch {
		case l.Way != backend.Egress:
		case l.Default:
			otherwise = l.Action
		default:
			rules = append(rules, l.Rule)
		}
	}
	return rules, otherwise
}
