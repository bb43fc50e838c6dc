package imports

// egress is what a rule decides about conversations that containers begin, as boxes; none: nothing. They are not
// rewritten on their way out: what is dialled is where the packet goes.
func (c *conversion) egress(s *spec, _ bool) ([]box, error) {
	if len(s.never) > 0 || !s.sees(firstPlain) {
		return nil, nil
	}
	b := everything()
	var err error
	if b.on, err = c.world.outer(s.out); err != nil {
		return nil, err
	}
	holders, _, err := c.world.byAddress(s.source, s.family)
	if err != nil {
		return nil, err
	}
	b.inside = c.world.inner(s.in).and(holders)
	b.ports = s.ports.and(s.dialled)
	dest := s.dest.and(s.origDest)
	b.peers = dest.both(s.family, c.alone)
	if b.empty() || c.world.onlyContainers(dest.set) && !dest.other {
		return nil, nil
	}
	if c.world.known && len(keep(c.world.containers(), b.inside.not())) == 0 {
		b.inside = everyName() // every container there is
	}
	return []box{b}, nil
}
