package story

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/walk"
	"github.com/dockwall/dockwall/internal/whose"
	"github.com/dockwall/dockwall/internal/wording"
)

func clean(text string) string { return wording.Printable(text) }

// longest is how much of a rule is shown, in characters.
const longest = 110

// shown is a rule's text, cut to what fits beside the rest.
func shown(text string) string {
	runes := []rune(clean(text))
	if len(runes) <= longest {
		return string(runes)
	}
	return string(runes[:longest-1]) + "…"
}

// placeOf names a rule: "filter DOCKER-USER rule 4", with the family where nft's tables need it.
func placeOf(r *netfilter.Rule) string {
	return fmt.Sprintf("%s rule %d", chainName(r.Chain), r.Number)
}

func chainName(c *netfilter.Chain) string {
	name := c.Table.Name + " " + c.Name
	if c.Table.Origin == netfilter.Native {
		name = c.Table.Family.String() + " " + name
	}
	if c.Table.Origin == netfilter.XtablesLegacy {
		name = "legacy " + name
	}
	return clean(name)
}

// title is a packet in one line.
func (s Scene) title(p netfilter.Packet, m walk.Moment) string {
	text := fmt.Sprintf("%s → %s", endpoint(p.Source, p.SourcePort, &p), endpoint(p.Destination, p.DestinationPort, &p))
	text += "/" + protocolName(p.Protocol)
	if p.In == "" {
		text += ", made by this host"
	} else {
		text += ", arriving on " + clean(p.In)
	}
	switch m {
	case walk.Later:
		text += " (a later packet)"
	case walk.Answer:
		text += " (its answer)"
	}
	return text
}

func endpoint(a netip.Addr, port uint16, p *netfilter.Packet) string {
	if !p.HasPorts() || port == 0 {
		return a.String()
	}
	return netip.AddrPortFrom(a, port).String()
}

func protocolName(p uint8) string {
	if p == 58 {
		return "icmpv6"
	}
	return host.Protocol(p).String()
}

// containerAt is "container clickhouse" for an address on a bridge, "" where none has it.
func (s Scene) containerAt(a netip.Addr) string {
	if c := s.containerWith(a); c != nil {
		return "container " + clean(c.Name)
	}
	return ""
}

func (s Scene) containerWith(a netip.Addr) *host.Container {
	for i := range s.Host.Containers {
		c := &s.Host.Containers[i]
		if c.Running && slices.ContainsFunc(c.Endpoints, func(e host.Endpoint) bool { return e.IPv4 == a || e.IPv6 == a }) {
			return c
		}
	}
	return nil
}

// isBridge tells whether an interface is a Docker bridge; without an engine's word, whether it is named like one.
func (s Scene) isBridge(name string) bool {
	if s.Host.Engine != nil {
		return slices.Contains(s.Host.Bridges(), name)
	}
	return whose.DockerBridge(name)
}
