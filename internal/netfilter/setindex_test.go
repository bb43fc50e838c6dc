package netfilter

import (
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// drawRanges draws a few ranges of small numbers, often just one number.
func drawRanges(t *rapid.T) Ranges {
	draw := func() Range {
		first := rapid.Uint64Range(0, 30).Draw(t, "first")
		return Range{Small(first), Small(first + rapid.SampledFrom([]uint64{0, 0, 0, 1, 3, 16}).Draw(t, "width"))}
	}
	list := []Range{draw()}
	if rapid.IntRange(0, 9).Draw(t, "two") == 0 {
		list = append(list, draw())
	}
	return NewRanges(list...)
}

func drawElement(t *rapid.T, fields int, interfaces bool) Element {
	e := Element{Except: rapid.IntRange(0, 19).Draw(t, "except") == 0}
	for range fields {
		e.Key = append(e.Key, drawRanges(t))
	}
	if interfaces {
		e.Interfaces = make([]InterfaceName, fields)
		e.Key[0], e.Interfaces[0] = nil, rapid.SampledFrom([]InterfaceName{{"eth0", false}, {"eth1", false}, {"eth", true}}).Draw(t, "name")
	}
	return e
}

// The index finds what looking at each element finds, whatever the elements are.
func TestFindIsLinear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, interfaces := rapid.IntRange(1, 3).Draw(t, "fields"), rapid.Bool().Draw(t, "interfaces")
		s := &Set{}
		for range rapid.IntRange(fewElements+1, 40).Draw(t, "elements") {
			s.Elements = append(s.Elements, drawElement(t, fields, interfaces))
		}
		for range 20 {
			key, names := make([]Number, fields), make([]string, fields)
			for i := range key {
				key[i] = Small(rapid.Uint64Range(0, 48).Draw(t, "number"))
			}
			names[0] = rapid.SampledFrom([]string{"", "eth0", "eth1", "eth2", "lo"}).Draw(t, "name")
			if got, want := s.Find(key, names), s.findLinear(key, names); got != want {
				t.Fatalf("%v %v: found %p, each by each %p", key, names, got, want)
			}
		}
	})
}

func addressSet(nets int) *Set {
	s := &Set{}
	for i := range nets {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 14), byte(i >> 6), byte(i << 2)})
		s.Elements = append(s.Elements, Element{Key: []Ranges{OfPrefix(netip.PrefixFrom(a, 28+i%5))}})
	}
	s.Elements = append(s.Elements, Element{Key: []Ranges{OfPrefix(netip.MustParsePrefix("10.0.0.0/8"))}})
	return s
}

func BenchmarkFind(b *testing.B) {
	exact := &Set{}
	for i := range 100_000 {
		exact.Elements = append(exact.Elements, Element{Key: []Ranges{One(Small(6)), One(Small(uint64(i)))}})
	}
	for name, one := range map[string]struct {
		set *Set
		key []Number
	}{
		"exact":  {exact, []Number{Small(6), Small(77_777)}},
		"nested": {addressSet(100_000), []Number{OfAddress(netip.MustParseAddr("10.0.200.77"))}},
	} {
		b.Run(fmt.Sprintf("%s/%d", name, len(one.set.Elements)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if one.set.Find(one.key, nil) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}
