package verify

import "github.com/dockwall/dockwall/internal/packetset"

// once makes a set the first time that it is asked for by its name: each is held against thousands of flows.
func (c *checker) once(name string, set func() packetset.Set) packetset.Set {
	made, known := c.made[name]
	if !known {
		made = set()
		c.made[name] = made
	}
	return made
}

// refused are the packets from outside that must not come through.
func (c *checker) refused(in string) packetset.Set {
	return c.once("refused on "+in, func() packetset.Set { return c.meaning.Ingress(in).Refused() })
}

// refusedOnHost are those of them that must not come to the host itself: docker-proxy listens at published ports only.
func (c *checker) refusedOnHost(in string) packetset.Set {
	return c.once("refused to the host on "+in, func() packetset.Set { return c.refused(in).Minus(c.meaning.direct()) })
}

// allowed are the packets from outside that dockwall's rules must let pass.
func (c *checker) allowed(in string) packetset.Set {
	return c.meaning.Ingress(in).Allowed
}

// ungoverned are the packets from outside that dockwall's rules must leave alone.
func (c *checker) ungoverned(in string) packetset.Set {
	return c.once("ungoverned on "+in, func() packetset.Set { return c.meaning.Ingress(in).Governed.Not() })
}

// refusedOut are the packets of containers that must not get out by an interface. Those that begin no conversation cannot
// be judged.
func (c *checker) refusedOut(out string) packetset.Set {
	return c.once("refused by "+out, func() packetset.Set { return c.meaning.Egress(out).Refused().And(c.begins) })
}

// allowedOut are the packets of containers that dockwall's rules must let out.
func (c *checker) allowedOut(out string) packetset.Set {
	return c.once("allowed by "+out, func() packetset.Set { return c.meaning.Egress(out).Allowed })
}

// published are the packets to published ports.
func (c *checker) published() packetset.Set {
	return c.once("published", c.meaning.published)
}

// heard are those of some packets that begin a conversation, and that somebody hears.
func (c *checker) heard(some packetset.Set) packetset.Set { return some.And(c.audible) }
