package packetset

import "math"

// Cells is into how many classes the set falls: the ways through its diagram, each a class of packets that no bit tells
// apart that was asked for. math.MaxUint64 stands for as many and more.
func (a Set) Cells() uint64 {
	counted := map[int32]uint64{none: 0, all: 1, gaveUp: 1}
	return a.space.cells(a.node, counted)
}

func (s *Space) cells(a int32, counted map[int32]uint64) uint64 {
	if n, known := counted[a]; known {
		return n
	}
	low, high := s.cells(s.nodes[a].low, counted), s.cells(s.nodes[a].high, counted)
	sum := low + high
	if sum < low {
		sum = math.MaxUint64
	}
	counted[a] = sum
	return sum
}
