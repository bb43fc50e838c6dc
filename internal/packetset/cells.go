package packetset

import "math"

// Cells is into how many classes the set falls: the ways through its diagram, each a class of packets that no bit tells
// apart that was asked for. math.MaxUint64 stands for as many and more.
func (a Set) Cells() uint64 {
	s := a.space
	if missing := len(s.nodes) - len(s.counted); missing > 0 {
		s.counted = append(s.counted, make([]uint64, missing)...)
	}
	s.counted[all], s.counted[gaveUp] = 1, 1
	return s.cells(a.node)
}

// cells counts each node once: 0 stands for those that have not been counted.
func (s *Space) cells(a int32) uint64 {
	if a == none || s.counted[a] > 0 {
		return s.counted[a]
	}
	low, high := s.cells(s.nodes[a].low), s.cells(s.nodes[a].high)
	sum := low + high
	if sum < low {
		sum = math.MaxUint64
	}
	s.counted[a] = sum
	return sum
}
