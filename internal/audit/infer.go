package audit

import (
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Infer is the host that rules alone tell of: networks are the bridges that the machine was taken to have, containers
// the addresses that ports are translated to, called by those addresses.
func Infer(m *netfilter.Machine) *host.Host {
	h := &host.Host{Interfaces: m.Interfaces, Routes: m.Routes}
	for _, i := range m.Interfaces {
		if i.Kind == "bridge" {
			h.Networks = append(h.Networks, host.Network{ID: i.Name, Name: i.Name, Driver: "bridge", Bridge: i.Name,
				Subnets: subnetsBehind(m, i.Name)})
		}
	}
	for _, t := range m.Rules.Tables {
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				inferPublication(h, t.Family, r)
			}
		}
	}
	return h
}

func subnetsBehind(m *netfilter.Machine, bridge string) []netip.Prefix {
	var subnets []netip.Prefix
	for _, r := range m.Routes {
		if r.Interface == bridge {
			subnets = append(subnets, r.Destination)
		}
	}
	return subnets
}

// inferPublication takes a rule that translates one port to one address for what Docker makes of a published port.
func inferPublication(h *host.Host, f netfilter.Family, r *netfilter.Rule) {
	p := host.Publication{HostAddress: netip.IPv4Unspecified()}
	if f == netfilter.IPv6 {
		p.HostAddress = netip.IPv6Unspecified()
	}
	var to netip.Addr
	for _, step := range r.Steps {
		switch s := step.(type) {
		case netfilter.Test:
			inferField(&p, s, f)
		case netfilter.NAT:
			if s.Kind == netfilter.DNAT && s.First == s.Last && s.FirstPort == s.LastPort && s.Map == nil {
				to, p.ContainerPort = s.First, s.FirstPort
			}
		}
	}
	n := slices.IndexFunc(h.Networks, func(n host.Network) bool {
		return slices.ContainsFunc(n.Subnets, func(s netip.Prefix) bool { return s.Contains(to) })
	})
	if !to.IsValid() || p.HostPort == 0 || p.Protocol == 0 || n < 0 {
		return
	}
	if p.ContainerPort == 0 {
		p.ContainerPort = p.HostPort
	}
	c := inferContainer(h, to, h.Networks[n].Name)
	if !slices.Contains(c.Publications, p) {
		c.Publications = append(c.Publications, p)
	}
}

func inferField(p *host.Publication, t netfilter.Test, f netfilter.Family) {
	if t.Negate || len(t.Values) != 1 || t.Values[0].First != t.Values[0].Last {
		return
	}
	switch n := t.Values[0].First; t.Field {
	case netfilter.Protocol:
		p.Protocol = host.Protocol(n.Low)
	case netfilter.DestinationPort:
		p.HostPort = uint16(n.Low)
	case netfilter.DestinationAddress:
		p.HostAddress = n.Address(f)
	}
}

func inferContainer(h *host.Host, a netip.Addr, network string) *host.Container {
	for i := range h.Containers {
		if h.Containers[i].Name == a.String() {
			return &h.Containers[i]
		}
	}
	e := host.Endpoint{Network: network, IPv6: a}
	if a.Is4() {
		e = host.Endpoint{Network: network, IPv4: a}
	}
	h.Containers = append(h.Containers, host.Container{ID: a.String(), Name: a.String(), Running: true, Endpoints: []host.Endpoint{e}})
	return &h.Containers[len(h.Containers)-1]
}
