package host

import (
	"cmp"
	"net/netip"
	"slices"
)

// sort puts every slice of a Host in its order and takes doubles away, so that equal hosts compare equal.
func (h *Host) sort() {
	slices.SortFunc(h.Interfaces, Interface.compare)
	for i := range h.Interfaces {
		slices.SortFunc(h.Interfaces[i].Addresses, netip.Prefix.Compare)
	}
	slices.SortFunc(h.Routes, Route.compare)
	h.Routes = slices.Compact(h.Routes)
	slices.SortFunc(h.Networks, Network.compare)
	for i := range h.Networks {
		slices.SortFunc(h.Networks[i].Subnets, netip.Prefix.Compare)
		slices.SortFunc(h.Networks[i].Gateways, netip.Addr.Compare)
	}
	slices.SortFunc(h.Containers, Container.compare)
	for i := range h.Containers {
		h.Containers[i].sort()
	}
	slices.SortFunc(h.Services, Service.compare)
	h.Services = slices.Compact(h.Services)
}

func (i Interface) compare(j Interface) int {
	return cmp.Or(cmp.Compare(i.Index, j.Index), cmp.Compare(i.Name, j.Name))
}

func (n Network) compare(m Network) int {
	return cmp.Or(cmp.Compare(n.Name, m.Name), cmp.Compare(n.ID, m.ID))
}

func (c Container) compare(d Container) int {
	return cmp.Or(cmp.Compare(c.Name, d.Name), cmp.Compare(c.ID, d.ID))
}

func (c *Container) sort() {
	slices.SortFunc(c.Endpoints, func(a, b Endpoint) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), a.IPv4.Compare(b.IPv4), a.IPv6.Compare(b.IPv6))
	})
	slices.SortFunc(c.Publications, Publication.compare)
	c.Publications = slices.Compact(c.Publications)
}

func (p Publication) compare(q Publication) int {
	return cmp.Or(cmp.Compare(p.Protocol, q.Protocol), cmp.Compare(p.HostPort, q.HostPort),
		p.HostAddress.Compare(q.HostAddress), cmp.Compare(p.ContainerPort, q.ContainerPort))
}

func (s Service) compare(t Service) int {
	return cmp.Or(cmp.Compare(s.Name, t.Name), cmp.Compare(s.Protocol, t.Protocol),
		cmp.Compare(s.HostPort, t.HostPort), cmp.Compare(s.ContainerPort, t.ContainerPort))
}

func (r Route) compare(s Route) int {
	return cmp.Or(r.Destination.Compare(s.Destination), cmp.Compare(r.Interface, s.Interface),
		r.Gateway.Compare(s.Gateway), cmp.Compare(r.Metric, s.Metric))
}
