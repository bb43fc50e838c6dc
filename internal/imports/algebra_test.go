package imports

import (
	"net/netip"
	"testing"

	"go4.org/netipx"
	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
)

// The sets that sentences are cut with are compared with what they hold, point by point.

// points are a few places in each dimension: what the drawn sets can tell apart.
var points = struct {
	ports          []int
	peers          []netip.Addr
	inside, on, at []string
}{
	ports: []int{pointOf(host.TCP, 80), pointOf(host.TCP, 443), pointOf(host.UDP, 80), icmpPoint, otherPoint},
	peers: []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"),
		netip.MustParseAddr("2001:db8::1")},
	inside: []string{"web", "db"},
	on:     []string{"eth0", "wg0"},
	at:     []string{"203.0.113.10"},
}

func drawPorts(t *rapid.T) ports {
	var p ports
	for _, point := range points.ports {
		if rapid.Bool().Draw(t, "port") {
			p = p.or(ports{{point, point}})
		}
	}
	if rapid.Bool().Draw(t, "not") {
		return p.not()
	}
	return p
}

func drawNames(t *rapid.T, all []string) names {
	n := names{but: rapid.Bool().Draw(t, "but")}
	for _, name := range all {
		if rapid.Bool().Draw(t, name) {
			n = n.or(only(name))
		}
	}
	return n
}

func drawPeers(t *rapid.T) *netipx.IPSet {
	s := setOf()
	for _, a := range points.peers {
		if rapid.Bool().Draw(t, a.String()) {
			s = union(s, setOf(netipx.IPRangeFrom(a, a)))
		}
	}
	return s
}

func drawBox(t *rapid.T) box {
	return box{ports: drawPorts(t), peers: drawPeers(t), inside: drawNames(t, points.inside), on: drawNames(t, points.on),
		at: drawNames(t, points.at)}
}

// everyPoint calls see with each combination of places, and with how a box holds it.
func everyPoint(see func(holds func(box) bool)) {
	for _, port := range points.ports {
		for _, peer := range points.peers {
			for _, inside := range append(points.inside, "other") {
				for _, on := range append(points.on, "other") {
					for _, at := range append(points.at, "other") {
						see(func(b box) bool {
							return b.ports.has(port) && b.peers.Contains(peer) && b.inside.has(inside) && b.on.has(on) && b.at.has(at)
						})
					}
				}
			}
		}
	}
}

func TestBoxesAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawBox(t), drawBox(t)
		rest := a.minus(b)
		everyPoint(func(holds func(box) bool) {
			count := 0
			for _, r := range rest {
				if holds(r) {
					count++
				}
			}
			if want := holds(a) && !holds(b); count > 1 || (count == 1) != want {
				t.Fatalf("%+v minus %+v: %+v", a, b, rest)
			}
			if holds(a.and(b)) != (holds(a) && holds(b)) {
				t.Fatalf("%+v and %+v: %+v", a, b, a.and(b))
			}
			if holds(a) && holds(b) && !a.overlaps(b) {
				t.Fatalf("%+v and %+v overlap", a, b)
			}
		})
		if a.overlaps(b) == a.and(b).empty() {
			t.Fatalf("%+v and %+v: overlaps %v, common %+v", a, b, a.overlaps(b), a.and(b))
		}
	})
}

func TestPortsAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPorts(t), drawPorts(t)
		for _, point := range append(points.ports, 0, 1, perProtocol-1, perProtocol) {
			for name, got := range map[string][2]bool{
				"or":    {a.or(b).has(point), a.has(point) || b.has(point)},
				"and":   {a.and(b).has(point), a.has(point) && b.has(point)},
				"minus": {a.minus(b).has(point), a.has(point) && !b.has(point)},
				"not":   {a.not().has(point), !a.has(point)},
			} {
				if got[0] != got[1] {
					t.Fatalf("%v %s %v at %d: %v", a, name, b, point, got[0])
				}
			}
		}
	})
}
