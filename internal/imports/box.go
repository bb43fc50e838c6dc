package imports

import (
	"errors"
	"slices"

	"go4.org/netipx"
)

// box is conversations of one section, in the policy's own terms. It is what one sentence can say, up to a few.
type box struct {
	ports  ports         // dialled
	peers  *netipx.IPSet // the address outside: ingress the client, egress where a container goes
	inside names         // containers, and networks for what else is on them ("network:bridge")
	on     names         // outside interfaces
	at     names         // ingress: dialled addresses of the host
}

// mostPieces is how many boxes one may be cut into. More are no sentences that a person reads.
const mostPieces = 64

var errTooManyPieces = errors.New("it overlaps too many others to be said in sentences that know no order")

func everything() box {
	return box{ports: allPorts(), peers: everywhere(), inside: everyName(), on: everyName(), at: everyName()}
}

func (b box) empty() bool {
	return len(b.ports) == 0 || isEmpty(b.peers) || b.inside.empty() || b.on.empty() || b.at.empty()
}

// all tells whether the box is everything.
func (b box) all() bool {
	return slices.Equal(b.ports, allPorts()) && b.inside.every() && b.on.every() && b.at.every() &&
		b.peers.Equal(everywhere())
}

func (b box) and(c box) box {
	return box{ports: b.ports.and(c.ports), peers: intersect(b.peers, c.peers), inside: b.inside.and(c.inside),
		on: b.on.and(c.on), at: b.at.and(c.at)}
}

// overlaps looks at addresses last: they cost most.
func (b box) overlaps(c box) bool {
	return len(b.ports.and(c.ports)) > 0 && !b.inside.and(c.inside).empty() && !b.on.and(c.on).empty() &&
		!b.at.and(c.at).empty() && b.peers.Overlaps(c.peers)
}

// minus is b without c, in disjoint boxes.
func (b box) minus(c box) []box {
	if !b.overlaps(c) {
		return []box{b}
	}
	var rest []box
	add := func(r box) {
		if !r.empty() {
			rest = append(rest, r)
		}
	}
	cut := b
	cut.ports = b.ports.minus(c.ports)
	add(cut)
	b.ports = b.ports.and(c.ports)
	cut = b
	cut.peers = without(b.peers, c.peers)
	add(cut)
	b.peers = intersect(b.peers, c.peers)
	cut = b
	cut.inside = b.inside.minus(c.inside)
	add(cut)
	b.inside = b.inside.and(c.inside)
	cut = b
	cut.on = b.on.minus(c.on)
	add(cut)
	b.on = b.on.and(c.on)
	cut = b
	cut.at = b.at.minus(c.at)
	add(cut)
	return rest
}

// minusAll is what of the boxes is in none of the others.
func minusAll(boxes, others []box) ([]box, error) {
	for _, other := range others {
		var rest []box
		for _, b := range boxes {
			rest = append(rest, b.minus(other)...)
		}
		if len(rest) > mostPieces {
			return nil, errTooManyPieces
		}
		boxes = rest
	}
	return boxes, nil
}

// common is what of the boxes is in one of the others too.
func common(boxes, others []box) []box {
	var shared []box
	for _, b := range boxes {
		for _, o := range others {
			if b.overlaps(o) {
				shared = append(shared, b.and(o))
			}
		}
	}
	return shared
}

// equalButPeers tells whether two boxes are the same but for their peers.
func (b box) equalButPeers(c box) bool {
	same := func(n, m names) bool { return n.but == m.but && slices.Equal(n.list, m.list) }
	return slices.Equal(b.ports, c.ports) && same(b.inside, c.inside) && same(b.on, c.on) && same(b.at, c.at)
}
