package reach

import "github.com/dockwall/dockwall/internal/netfilter"

// forwards tells whether packets that arrive on an interface are forwarded. A host of which that is not known is taken
// to forward, as every host with Docker does.
func (pl *places) forwards(in string) bool {
	if pl.family == netfilter.IPv6 {
		return pl.sysctls["net.ipv6.conf.all.forwarding"] != "0"
	}
	if own := pl.setting("ipv4", in, "forwarding"); own != "" {
		return own != "0"
	}
	return pl.sysctls["net.ipv4.ip_forward"] != "0"
}

// routesLocalnet tells whether loopback addresses may arrive there: if all or the interface say so.
func (pl *places) routesLocalnet(in string) bool {
	return pl.setting("ipv4", "all", "route_localnet") == "1" || pl.setting("ipv4", in, "route_localnet") == "1"
}

// reverseFilter is rp_filter: the greater of all and the interface's.
func (pl *places) reverseFilter(in string) string {
	return max(pl.setting("ipv4", "all", "rp_filter"), pl.setting("ipv4", in, "rp_filter"))
}

func (pl *places) linkLocal() netfilter.Ranges { return pl.prefix("", "fe80::/10") }

// localTo are the host's addresses for packets from an interface: link-local ones are only reached over their own.
func (pl *places) localTo(in string) netfilter.Ranges {
	if pl.family == netfilter.IPv4 || in == "lo" {
		return pl.local
	}
	return pl.local.Minus(pl.linkLocal()).Union(pl.localOf(pl.interfaces[in]))
}
