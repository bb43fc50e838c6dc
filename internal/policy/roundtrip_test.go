package policy

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"
	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
)

// Any rule, printed and parsed, is the same rule.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := anyRule().Draw(t, "rule")
		again, problems := ParseSentence(rule.Section, rule.String())
		if len(problems) > 0 {
			t.Fatalf("%q:\n%s", rule, problems.Caret())
		}
		if diff := cmp.Diff(rule, again, compareAddresses, compareRanges, ignorePositions); diff != "" {
			t.Fatalf("%q (-printed +parsed):\n%s", rule, diff)
		}
	})
}

// Any rule can be added to a file, is found there in another order of its lists, and removed again, which leaves the
// text as it was.
func TestAddRemove(t *testing.T) {
	const before = `# head
version: 1
ingress:
    -  deny all from 192.0.2.1   # remark

egress:
  - deny 1/sctp
# foot
`
	rapid.Check(t, func(t *rapid.T) {
		rule := anyRule().Draw(t, "rule")
		added, err := AddRule([]byte(before), rule.Section, rule.String())
		if err != nil {
			t.Fatalf("adding %q: %v", rule, err)
		}
		for _, peers := range []*Peers{&rule.From, &rule.To} {
			peers.Items = rapid.Permutation(peers.Items).Draw(t, "items")
			peers.Except = rapid.Permutation(peers.Except).Draw(t, "except")
		}
		rule.Ports = rapid.Permutation(rule.Ports).Draw(t, "ports")
		removed, err := RemoveRule(added, rule.Section, rule.String())
		if err != nil {
			t.Fatalf("removing %q from\n%s: %v", rule, added, err)
		}
		if string(removed) != before {
			t.Fatalf("%q left\n%s", rule, removed)
		}
	})
}

func anyRule() *rapid.Generator[Rule] {
	return rapid.Custom(func(t *rapid.T) Rule {
		r := Rule{
			Section:   rapid.SampledFrom([]Section{Ingress, Egress}).Draw(t, "section"),
			Action:    rapid.SampledFrom([]Action{Allow, Deny}).Draw(t, "action"),
			Ports:     anyPorts(t),
			Interface: rapid.SampledFrom([]string{"", "eno1", "wg0.100"}).Draw(t, "interface"),
			Log:       rapid.Bool().Draw(t, "log"),
		}
		addresses, containers := anyPeers(t, anyAddressPeer), anyPeers(t, anyContainerPeer(r.Section == Ingress))
		r.From, r.To = addresses, containers
		if r.Section == Egress {
			r.From, r.To = containers, addresses
		} else if rapid.Bool().Draw(t, "at") {
			r.At = netip.MustParseAddr(rapid.SampledFrom([]string{"203.0.113.10", "2001:db8::"}).Draw(t, "address"))
		}
		return r
	})
}

func anyPorts(t *rapid.T) []PortSet {
	var sets []PortSet
	for _, p := range []host.Protocol{host.TCP, host.UDP, host.SCTP} {
		if !rapid.Bool().Draw(t, p.String()) {
			continue
		}
		set := PortSet{Protocol: p}
		for range rapid.IntRange(0, 3).Draw(t, "ranges") {
			first := rapid.Uint16Range(1, 65535).Draw(t, "first")
			set.Ranges = append(set.Ranges, PortRange{first, rapid.Uint16Range(first, 65535).Draw(t, "last")})
		}
		sets = append(sets, set)
	}
	return sets
}

func anyPeers(t *rapid.T, one func(*rapid.T) Peer) Peers {
	var p Peers
	for range rapid.IntRange(0, 3).Draw(t, "items") {
		p.Items = append(p.Items, one(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "except") {
		p.Except = append(p.Except, one(t))
	}
	return p
}

func anyAddressPeer(t *rapid.T) Peer {
	if rapid.Bool().Draw(t, "set") {
		return Peer{Set: rapid.StringMatching(`[a-z][a-z0-9_-]{3,9}`).Filter(isSetName).Draw(t, "name")}
	}
	address := func(b []byte) netip.Addr { a, _ := netip.AddrFromSlice(b); return a }
	size := rapid.SampledFrom([]int{4, 16}).Draw(t, "size")
	bytes := rapid.SliceOfN(rapid.Byte(), size, size)
	a, b := address(bytes.Draw(t, "a")), address(bytes.Draw(t, "b"))
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		b = a
	case 1:
		prefix := netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "bits")).Masked()
		return Peer{Range: netipx.RangeOfPrefix(prefix)}
	}
	if b.Less(a) {
		a, b = b, a
	}
	return Peer{Range: netipx.IPRangeFrom(a, b)}
}

func anyContainerPeer(ports bool) func(*rapid.T) Peer {
	name := rapid.StringMatching(`[a-zA-Z0-9][a-zA-Z0-9_.-]{0,9}`).Filter(func(s string) bool {
		return !isReserved(s) && !looksLikeAddress(s)
	})
	return func(t *rapid.T) Peer {
		c := ContainerSelector{}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			c.Name = name.Draw(t, "name")
		case 1:
			c.Project, c.Service = "p"+name.Draw(t, "project"), name.Draw(t, "service")
		case 2:
			c.Network = name.Draw(t, "network")
		case 3:
			c.LabelKey = rapid.StringMatching(`[a-zA-Z0-9][a-zA-Z0-9_./-]{0,9}`).Draw(t, "key")
			if c.HasLabelValue = rapid.Bool().Draw(t, "has value"); c.HasLabelValue {
				c.LabelValue = rapid.StringMatching(`[a-zA-Z0-9._/@+=~%-]{0,9}`).Draw(t, "value")
			}
		}
		if ports && rapid.Bool().Draw(t, "has port") {
			c.Port = rapid.Uint16Range(1, 65535).Draw(t, "port")
		}
		return Peer{Container: &c}
	}
}
