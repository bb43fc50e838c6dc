package packetset

// node asks for one bit: low is the set where it is 0, high where it is 1. Levels grow towards the terminals.
type node struct {
	level, low, high int32
	doubtful         bool // it hangs on an unknown
}

// The terminals' indices, and their level.
const (
	none   int32 = 0
	all    int32 = 1
	gaveUp int32 = 2
	bottom int32 = 1 << 30
)

// make is the one node with these parts; none is made where the bit does not matter.
func (s *Space) make(level, low, high int32) int32 {
	if low == gaveUp || high == gaveUp {
		return gaveUp
	}
	if low == high {
		return low
	}
	mask := uint32(len(s.unique) - 1)
	at := hash(level, low, high) & mask
	for ; s.unique[at] != 0; at = (at + 1) & mask {
		if n := &s.nodes[s.unique[at]]; n.level == level && n.low == low && n.high == high {
			return s.unique[at]
		}
	}
	doubtful := level >= s.unknownsFrom() || s.nodes[low].doubtful || s.nodes[high].doubtful
	return s.add(node{level, low, high, doubtful}, at)
}

func (s *Space) add(n node, at uint32) int32 {
	if len(s.nodes) >= s.limit {
		s.full = true
		return gaveUp
	}
	index := int32(len(s.nodes))
	s.nodes = append(s.nodes, n)
	s.unique[at] = index
	if len(s.nodes) >= len(s.unique)/2 && len(s.nodes) < s.limit {
		s.grow()
	}
	return index
}

// grow doubles the hash table and the room for nodes, and the cache with them up to its greatest size.
func (s *Space) grow() {
	s.unique = make([]int32, 2*len(s.unique))
	s.nodes = append(make([]node, 0, len(s.unique)/2), s.nodes...)
	mask := uint32(len(s.unique) - 1)
	for i := int32(gaveUp + 1); i < int32(len(s.nodes)); i++ {
		n := s.nodes[i]
		if n.level == bottom {
			continue // terminals are not looked for
		}
		at := hash(n.level, n.low, n.high) & mask
		for s.unique[at] != 0 {
			at = (at + 1) & mask
		}
		s.unique[at] = i
	}
	if len(s.cache) < greatestCache && len(s.cache) < len(s.unique) {
		s.growCache()
	}
}

// growCache doubles the cache, with what is in it: to find it all out again costs more.
func (s *Space) growCache() {
	old := s.cache
	s.cache = make([]result, 2*len(old))
	for _, r := range old {
		if r.op != noOperation {
			s.cache[s.slot(r.op, r.a, r.b)] = r
		}
	}
}

func hash(a, b, c int32) uint32 {
	h := uint64(uint32(a))*0x9E3779B97F4A7C15 ^ uint64(uint32(b))*0xC2B2AE3D27D4EB4F ^ uint64(uint32(c))*0x165667B19E3779F9
	return uint32(h >> 32 * 0x9E3779B1 >> 7)
}
