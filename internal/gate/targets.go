package gate

import (
	"cmp"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// targets are the containers that one rule speaks of.
type targets struct {
	rest   bool // all that is not listed is meant, also addresses that no container has
	listed []target
}

// unknown is the place of what no selector can name.
const unknown = -1

// target is a container that a rule names, or excepts.
type target struct {
	place     int // in selection.live
	container *host.Container
	ports     []policy.PortRange // the container's own ports that the rule means; 0 stands for what has no ports
}

// plain tells whether a rule speaks of every target.
func (t targets) plain() bool { return t.rest && len(t.listed) == 0 }

// covers tells whether the rule speaks of a port of the live container at a place; unknown: what no selector can name.
func (t targets) covers(place int, port uint16) bool {
	byPlace := func(l target, place int) int { return cmp.Compare(l.place, place) }
	i, found := slices.BinarySearchFunc(t.listed, place, byPlace)
	if found {
		return contains(t.listed[i].ports, port)
	}
	return t.rest
}

// named are the listed containers.
func (t targets) named() []*host.Container {
	containers := make([]*host.Container, len(t.listed))
	for i, l := range t.listed {
		containers[i] = l.container
	}
	return containers
}

// selection finds the containers that rules name. Each selector is tried once on each container.
type selection struct {
	host    *host.Host
	live    []*host.Container // running, with a network stack of their own
	running []member
	matches map[policy.ContainerSelector][]int // places in live
}

// member is a running container, and the place in live of the one whose network stack it uses.
type member struct {
	container *host.Container
	place     int
}

func newSelection(h *host.Host) *selection {
	s := &selection{host: h, matches: map[policy.ContainerSelector][]int{}}
	places := map[*host.Container]int{}
	for i := range h.Containers {
		if c := &h.Containers[i]; c.Running && h.Owner(c) == c {
			places[c] = len(s.live)
			s.live = append(s.live, c)
		}
	}
	for i := range h.Containers {
		c := &h.Containers[i]
		if place, ok := places[h.Owner(c)]; ok && c.Running {
			s.running = append(s.running, member{c, place})
		}
	}
	return s
}

// targets are those of the container side of a rule.
func (s *selection) targets(r *policy.Rule) targets {
	if r.Label != "" {
		return s.ofLabel(r.Label)
	}
	side := r.To
	if r.Section == policy.Egress {
		side = r.From
	}
	t := targets{rest: len(side.Items) == 0}
	for _, i := range s.mentioned(side) {
		if ports := s.ports(side, i); t.rest || len(ports) > 0 {
			t.listed = append(t.listed, target{i, s.live[i], ports})
		}
	}
	return t
}

// ofLabel is the container of that ID alone.
func (s *selection) ofLabel(id string) targets {
	for i, c := range s.live {
		if c.ID == id {
			return targets{listed: []target{{i, c, everyPort()}}}
		}
	}
	return targets{}
}

// mentioned are the places in live of the containers that a side names or excepts, in order.
func (s *selection) mentioned(side policy.Peers) []int {
	var places []int
	for _, p := range slices.Concat(side.Items, side.Except) {
		places = append(places, s.matching(p)...)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// ports are the ports of the i-th live container that a side means: those of the items, without the exceptions'.
func (s *selection) ports(side policy.Peers, i int) []policy.PortRange {
	var ports []policy.PortRange
	if len(side.Items) == 0 {
		ports = everyPort()
	}
	for _, p := range side.Items {
		if s.speaksOf(p, i) {
			ports = union(ports, portsOf(p))
		}
	}
	for _, p := range side.Except {
		if s.speaksOf(p, i) {
			ports = without(ports, portsOf(p))
		}
	}
	return ports
}

func (s *selection) speaksOf(p policy.Peer, i int) bool {
	_, found := slices.BinarySearch(s.matching(p), i)
	return found
}

// matching are the places in live of the network stacks that a peer selects, in order.
func (s *selection) matching(p policy.Peer) []int {
	selector := *p.Container
	selector.Port = 0
	places, known := s.matches[selector]
	if !known {
		nobodyJoined := &host.Host{} // who joined whose network is known already
		for _, m := range s.running {
			if selector.Matches(nobodyJoined, m.container) {
				places = append(places, m.place)
			}
		}
		slices.Sort(places)
		places = slices.Compact(places)
		s.matches[selector] = places
	}
	return places
}

// groups are the listed containers by the ports of theirs that the rule means. None: no group.
func (t targets) groups() []group {
	var groups []group
	for _, l := range t.listed {
		i := slices.IndexFunc(groups, func(g group) bool { return slices.Equal(g.ports, l.ports) })
		if i < 0 && len(l.ports) > 0 {
			groups = append(groups, group{ports: l.ports})
			i = len(groups) - 1
		}
		if i >= 0 {
			groups[i].containers = append(groups[i].containers, l.container)
		}
	}
	return groups
}

// group is containers of which a rule means the same ports.
type group struct {
	containers []*host.Container
	ports      []policy.PortRange
}
