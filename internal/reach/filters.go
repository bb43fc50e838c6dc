package reach

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// filter is what a chain can do to packets, with all chains that it leads to.
type filter struct {
	only bool // it lets packets pass or ends them, and changes none
	maps []netfilter.VerdictMap
}

// letsAll tells whether all packets come out of a base chain as they went in, where those that rules refuse pass too.
func (r *run) letsAll(c *netfilter.Chain, h *header) bool {
	f := r.filterOf(c)
	return f.only && !slices.ContainsFunc(f.maps, func(m netfilter.VerdictMap) bool {
		_, readable := r.readable(h, m.Fields, m.Set)
		return !readable
	})
}

func (p *plan) filterOf(c *netfilter.Chain) *filter {
	f, known := p.filters[c]
	if !known {
		f = &filter{} // what leads back to this chain while it is looked at is more than a filter
		p.filters[c] = f
		*f = p.newFilter(c)
	}
	return f
}

func (p *plan) newFilter(c *netfilter.Chain) filter {
	f := filter{only: true}
	for _, r := range c.Rules {
		for _, s := range r.Steps {
			switch s := s.(type) {
			case netfilter.Match, netfilter.Note:
			case netfilter.Verdict:
				p.leads(&f, c, s)
			case netfilter.VerdictMap:
				p.mapLeads(&f, c, s)
			default:
				f.only = false
			}
		}
	}
	return f
}

// leads adds what a chain does that a verdict leads to.
func (p *plan) leads(f *filter, c *netfilter.Chain, v netfilter.Verdict) {
	if v.Kind != netfilter.Jump && v.Kind != netfilter.Goto {
		return
	}
	target := c.Table.Chain(v.Chain)
	if target == nil {
		f.only = false
		return
	}
	then := p.filterOf(target)
	f.only = f.only && then.only
	f.maps = append(f.maps, then.maps...)
}

func (p *plan) mapLeads(f *filter, c *netfilter.Chain, m netfilter.VerdictMap) {
	f.maps = append(f.maps, m)
	if m.Set == nil {
		return
	}
	for _, e := range m.Set.Elements {
		if e.Verdict == nil {
			f.only = false
			return
		}
		p.leads(f, c, *e.Verdict)
	}
}
