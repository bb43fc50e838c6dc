// Package explain draws a host's map: which ways packets take to containers and out of them, hook by hook, with the
// chains that stand there by priority, whose they are, and which networks lie behind.
//
// A Map is what is known of the host, in order; the views (text, SVG, HTML, JSON) show the same Map and decide nothing.
// The map says where packets pass, not what is let through: that is what trace and audit are for.
package explain

import (
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Map is one host's map. All text in it is printable.
type Map struct {
	Host     string    `json:"host"`
	Engine   string    `json:"engine,omitempty"` // "Docker 29.7.2 (iptables)"; "": none was asked
	Outside  []Link    `json:"outside"`          // interfaces to the world
	Hooks    []Hook    `json:"hooks"`
	Ways     []Way     `json:"ways"`
	Networks []Network `json:"networks"`
	Programs []Program `json:"programs"` // who has chains here
	Remarks  []string  `json:"remarks"`  // what people should know of where things stand
	Missing  []string  `json:"missing"`  // what is not known of the host
}

// Link is an interface with its addresses.
type Link struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
}

// New draws the map of a host. Without an engine there are no containers on it.
func New(m *netfilter.Machine, h *host.Host) *Map {
	d := &drawer{machine: m, host: h}
	drawn := &Map{
		Host: clean(h.Name), Engine: engine(h), Outside: d.outside(), Hooks: d.hooks(), Networks: d.networks(),
		Missing: []string{},
	}
	drawn.Ways = d.ways()
	drawn.Programs = programs(drawn.Hooks)
	drawn.Remarks = d.remarks(drawn)
	for _, text := range m.Missing {
		drawn.Missing = append(drawn.Missing, clean(text))
	}
	if m.Rules != nil {
		for _, text := range m.Rules.Unread {
			drawn.Missing = append(drawn.Missing, clean(text))
		}
	}
	return drawn
}

// drawer has what a map is drawn from.
type drawer struct {
	machine *netfilter.Machine
	host    *host.Host
}

func engine(h *host.Host) string {
	if h.Engine == nil {
		return ""
	}
	text := "Docker " + h.Engine.Version
	if h.Engine.FirewallBackend != "" {
		text += " (" + h.Engine.FirewallBackend + ")"
	}
	return clean(text)
}

// outside are the interfaces that are neither the host's own nor Docker's, nor ports of a bridge.
func (d *drawer) outside() []Link {
	links := []Link{}
	for _, i := range d.machine.Interfaces {
		if i.Master != "" || i.Loopback || d.host.Inside(i.Name) || !i.Up {
			continue
		}
		l := Link{Name: clean(i.Name), Addresses: []string{}}
		for _, a := range i.Addresses {
			if !a.Addr().IsLinkLocalUnicast() {
				l.Addresses = append(l.Addresses, a.String())
			}
		}
		links = append(links, l)
	}
	return links
}
