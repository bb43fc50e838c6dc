package imports

import "errors"

// ingress is what a rule decides about conversations from outside to containers, as boxes; none: nothing. Published
// ports are exact. Allow tells what the rule does: what it opens is kept as narrow as the chain was, and what it closes
// covers the container's own port too, for those who route to it straight.
func (c *conversion) ingress(s *spec, allow bool) ([]box, error) {
	if len(s.never) > 0 || !s.sees(firstPublished) && !s.sees(firstPlain) {
		return nil, nil
	}
	b := everything()
	var err error
	if b.on, err = c.world.outer(s.in); err != nil {
		return nil, err
	}
	b.peers = s.source.both(s.family, c.alone)
	if b.at, err = c.dialledAddresses(s); err != nil {
		return nil, err
	}
	holders, named, err := c.world.byAddress(s.dest, s.family)
	if err != nil {
		return nil, err
	}
	b.inside = c.world.inner(s.out).and(holders)
	if b.empty() || c.world.onlyContainers(s.source.set) && !s.source.other {
		return nil, nil
	}
	if !s.sees(firstPublished) {
		return nil, errors.New("the policy does not tell what is routed straight to a container from what is published")
	}
	return c.world.publishedAs(b, s, allow, named)
}

// dialledAddresses are those of the host that a rule for conntrack's original destination means.
func (c *conversion) dialledAddresses(s *spec) (names, error) {
	if s.origDest.any(s.family) {
		return everyName(), nil
	}
	a := s.origDest
	if a.other {
		a = a.not(s.family)
	}
	var list []string
	for _, r := range a.set.Ranges() {
		if r.From() != r.To() {
			return c.world.ownAddresses(s)
		}
		list = append(list, r.From().String())
	}
	return invert(only(list...), s.origDest.other), nil
}

// ownAddresses are the host's addresses that the rule means, where it does not name single ones.
func (w *world) ownAddresses(s *spec) (names, error) {
	if w.host == nil {
		return names{}, errors.New("which of the host's addresses are dialled is not known without the host")
	}
	var list []string
	for _, i := range w.host.Interfaces {
		for _, p := range i.Addresses {
			if s.origDest.set.Contains(p.Addr()) {
				list = append(list, p.Addr().String())
			}
		}
	}
	return only(list...), nil
}
