package xtables

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// In a hash:net the longest prefix that holds an address decides, as in the kernel (mtype_test_cidrs).
func TestLongestPrefixDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, nets := "create n hash:net family inet\n", map[netip.Prefix]bool{}
		for range rapid.IntRange(0, 8).Draw(t, "elements") {
			bits := rapid.IntRange(26, 32).Draw(t, "bits")
			p, _ := netip.AddrFrom4([4]byte{10, 0, 0, rapid.Byte().Draw(t, "address") & 63}).Prefix(bits)
			if _, there := nets[p]; there {
				continue
			}
			nets[p] = rapid.Bool().Draw(t, "nomatch")
			text += fmt.Sprintf("add n %s%s\n", p, map[bool]string{true: " nomatch"}[nets[p]])
		}
		sets, _ := ParseIPSet(text)
		for last := range 64 {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(last)})
			found := sets["n"].Find([]netfilter.Number{netfilter.OfAddress(a)}, nil) != nil
			if want := longest(nets, a); found != want {
				t.Fatalf("%s in the set: %v, the longest prefix says %v:\n%s", a, found, want, text)
			}
		}
	})
}

func longest(nets map[netip.Prefix]bool, a netip.Addr) bool {
	for bits := 32; bits >= 0; bits-- {
		p, _ := a.Prefix(bits)
		if nomatch, there := nets[p]; there {
			return !nomatch
		}
	}
	return false
}

// Where prefixes of several parts overlap with a nomatch, the set is not decided.
func TestWideHolesAreUnclear(t *testing.T) {
	const create = "create n hash:net,port family inet\nadd n 10.0.0.0/8,tcp:80 nomatch\n"
	for add, unclear := range map[string]bool{
		"add n 10.1.0.0/16,tcp:80": true, "add n 10.1.0.0/16,tcp:81": false, "add n 0.0.0.0/1,tcp:80": false,
	} {
		sets, _ := ParseIPSet(create + add + "\n")
		if got := strings.Contains(sets["n"].Unclear, "nomatch"); got != unclear {
			t.Errorf("%s: unclear %q", add, sets["n"].Unclear)
		}
	}
}
