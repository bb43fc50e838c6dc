package reach

import "github.com/dockwall/dockwall/internal/netfilter"

// forwards tells whether packets that arrive on an interface are forwarded; what is not known is taken as off.
func (pl *places) forwards(in string) bool {
	if pl.family == netfilter.IPv6 {
		return isOn(pl.sysctls["net.ipv6.conf.all.forwarding"])
	}
	if own := pl.setting("ipv4", in, "forwarding"); own != "" {
		return isOn(own)
	}
	return isOn(pl.sysctls["net.ipv4.ip_forward"])
}

func isOn(setting string) bool { return setting != "" && setting != "0" }

// acceptsLocal tells whether packets may arrive with the host's own addresses as their source.
func (pl *places) acceptsLocal(in string) bool {
	return isOn(pl.setting("ipv4", "all", "accept_local")) || isOn(pl.setting("ipv4", in, "accept_local"))
}

// routesLocalnet tells whether loopback addresses may arrive there: if all or the interface say so.
func (pl *places) routesLocalnet(in string) bool {
	return isOn(pl.setting("ipv4", "all", "route_localnet")) || isOn(pl.setting("ipv4", in, "route_localnet"))
}

// reverseFilter is rp_filter: the greater of all and the interface's.
func (pl *places) reverseFilter(in string) string {
	return max(pl.setting("ipv4", "all", "rp_filter"), pl.setting("ipv4", in, "rp_filter"))
}

func (pl *places) linkLocal() netfilter.Ranges { return pl.prefix("", "fe80::/10") }

// neighbours are the addresses of other hosts on a bridge's own networks; none on other interfaces.
func (pl *places) neighbours(name string) netfilter.Ranges {
	i := pl.interfaces[name]
	if i.Kind != "bridge" {
		return nil
	}
	var list []netfilter.Range
	for _, a := range i.Addresses {
		if pl.mine(a) {
			list = append(list, netfilter.OfPrefix(a)...)
		}
	}
	return pl.once("neighbours on "+name, func() netfilter.Ranges { return netfilter.NewRanges(list...).Intersect(pl.unicast()) })
}

// unicast are the addresses of other hosts.
func (pl *places) unicast() netfilter.Ranges {
	for _, c := range pl.types {
		if c.value == typeUnicast {
			return c.addresses
		}
	}
	return nil
}

// ofOneLink are the IPv6 addresses whose route must be by the incoming interface (rt6_need_strict).
func (pl *places) ofOneLink() netfilter.Ranges {
	return pl.once("of one link", func() netfilter.Ranges { return pl.linkLocal().Union(pl.prefix("", "::1/128")) })
}

// localTo are the host's addresses for packets from an interface: those of one link are only reached over it.
func (pl *places) localTo(in string) netfilter.Ranges {
	if pl.family == netfilter.IPv4 || pl.isLoopback(in) {
		return pl.local
	}
	return pl.once("local to "+in, func() netfilter.Ranges {
		return pl.local.Minus(pl.ofOneLink()).Union(pl.localOf(pl.interfaces[in]))
	})
}
