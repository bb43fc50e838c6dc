package reach

import "github.com/dockwall/dockwall/internal/netfilter"

// martians are refused before any route is looked for.
func (v *sieve) martians() {
	pl := v.places
	everyone := pl.prefix("255.255.255.255/32", "")
	zero := pl.prefix("0.0.0.0/8", "")
	v.refuse(v.from(pl.multicast).Or(v.from(everyone)), "no packet has such a source")
	unset := v.from(zero).And(v.to(pl.prefix("0.0.0.0/32", "")))
	shout := sieve{run: v.run, state: v.take(v.to(everyone).Or(unset))}
	v.local.add(shout.take(shout.from(zero)))
	shout.validate()
	v.local.add(shout.state)
	v.refuse(v.from(zero), "no packet has such a source")
	v.refuse(v.to(zero), "no packet has such a destination")
	if !pl.routesLocalnet(v.in) {
		v.refuse(v.to(pl.loopback()), "loopback addresses are for the host alone")
		v.refuse(v.from(pl.loopback()), "no packet from outside has such a source")
	}
}

// validate refuses sources that cannot come from there (fib_validate_source).
func (v *sieve) validate() {
	pl := v.places
	if v.family != netfilter.IPv4 {
		return
	}
	if !pl.acceptsLocal(v.in) {
		v.refuse(v.from(pl.local).Or(v.from(pl.broadcast)), "the source is an address of the host")
	}
	switch pl.reverseFilter(v.in) {
	case "1":
		v.refuse(v.from(pl.behind(v.in)).Not(), "the way back does not leave by "+v.in+" (rp_filter)")
	case "2":
		v.refuse(v.from(pl.routable).Not(), "there is no way back (rp_filter)")
	}
}
