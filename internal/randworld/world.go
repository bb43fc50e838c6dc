// Package randworld makes random Docker hosts, policies and conversations, for tests that hold two witnesses of the
// same meaning against each other.
//
// What it makes is small and close together: few addresses, few ports, few names, so that rules, containers and
// conversations meet. Hosts can be built in network namespaces as they are described: outside are eno1 and wg0, and
// every address is one that a namespace takes. No two containers have the same port, which no engine lets happen.
// Containers that do not run may claim anything.
package randworld

import (
	"net/netip"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
)

// outsideInterfaces are the interfaces of every host with their addresses.
func outsideInterfaces() []host.Interface {
	return []host.Interface{
		{Name: "lo", Index: 1, Kind: "device", Loopback: true, Up: true, Addresses: prefixes("127.0.0.1/8", "::1/128")},
		{Name: "eno1", Index: 2, Kind: "device", Up: true,
			Addresses: prefixes("203.0.113.10/24", "192.168.0.1/24", "2001:db8::10/64")},
		{Name: "wg0", Index: 3, Kind: "device", Up: true, Addresses: prefixes("10.8.0.1/24", "2001:db8:8::1/64")},
	}
}

// clients are the addresses that are outside: those of both links, and some from farther away.
func clients() []netip.Addr {
	return addresses("192.168.0.7", "192.168.0.8", "198.51.100.7", "10.8.0.2", "1.1.1.1",
		"2001:db8::7", "2001:db8:8::2", "2001:db8:20::7", "fe80::7")
}

// hostPorts and containerPorts meet in 80 and 5432, so that a rule may mean either.
func hostPorts() []uint16      { return []uint16{80, 443, 5432, 8000, 8001, 8002} }
func containerPorts() []uint16 { return []uint16{80, 5432, 8080} }

func protocols() []host.Protocol { return []host.Protocol{host.TCP, host.TCP, host.UDP, host.SCTP} }

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

func addresses(texts ...string) []netip.Addr {
	list := make([]netip.Addr, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParseAddr(text)
	}
	return list
}

// pick draws one of a list.
func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

// Draws prefer what stands first, and shrink to it.

// oneIn is true at most once in n draws.
func oneIn(t *rapid.T, n int, label string) bool { return rapid.IntRange(0, n-1).Draw(t, label) == n-1 }
