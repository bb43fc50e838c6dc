package testbed

// Addresses of the testbed's machines, all of them from the blocks for documentation and private use.
//
//	internet 198.51.100.7 ── router ──┐
//	office 192.168.0.7 ───────────────┤ the link (a switch) ── eno1 host eno2 ── annex 10.99.0.5
//	neighbour 203.0.113.20 ───────────┘
//
// On the link every machine has IPv6 too: 2001:db8::/64, and link-local addresses that end like their global ones.
const (
	HostIPv4      = "203.0.113.10"
	HostIPv4b     = "203.0.113.11" // a second address of the same interface
	HostOffice    = "192.168.0.1"  // the host's address in the office's network, on the same link
	HostIPv6      = "2001:db8::10"
	HostLinkLocal = "fe80::10"
	HostAnnex     = "10.99.0.1"

	OfficeIPv4    = "192.168.0.7"
	OfficeIPv6    = "2001:db8::7"
	InternetIPv4  = "198.51.100.7"
	InternetIPv6  = "2001:db8:51::7"
	NeighbourIPv4 = "203.0.113.20"
	AnnexIPv4     = "10.99.0.5"
	AnnexIPv6     = "2001:db8:99::5"
)

// machine is one row of the topology: a namespace and its interface on the link.
type machine struct {
	name      string
	link      string
	addresses []string
	routes    [][2]string // prefix, gateway
}

var machines = []machine{
	{"host", "eno1",
		[]string{HostIPv4 + "/24", HostIPv4b + "/24", HostOffice + "/24", HostIPv6 + "/64", HostLinkLocal + "/64"},
		[][2]string{{"0.0.0.0/0", "203.0.113.1"}, {"::/0", "2001:db8::1"}}},
	{"router", "eth0",
		[]string{"203.0.113.1/24", "2001:db8::1/64", "fe80::1/64"},
		[][2]string{{"10.99.0.0/24", HostIPv4}, {"2001:db8:99::/64", HostIPv6}}},
	{"office", "eth0",
		[]string{OfficeIPv4 + "/24", OfficeIPv6 + "/64", "fe80::7/64"},
		[][2]string{{"0.0.0.0/0", HostOffice}, {"::/0", HostIPv6}}},
	{"neighbour", "eth0",
		[]string{NeighbourIPv4 + "/24", "2001:db8::20/64", "fe80::20/64"},
		[][2]string{{"0.0.0.0/0", HostIPv4}, {"::/0", HostIPv6}}},
}

// stub is a machine behind another one. Addresses are of IPv4, of IPv6, and the link-local one, without which neither
// could ask for the other.
type stub struct {
	name      string
	addresses [3]string
	gateway   string
	port      string    // the gateway's interface to it
	inner     [3]string // that interface's addresses
}

var stubs = []stub{
	{"annex", [3]string{AnnexIPv4 + "/24", AnnexIPv6 + "/64", "fe80::5/64"},
		"host", "eno2", [3]string{HostAnnex + "/24", "2001:db8:99::1/64", "fe80::99/64"}},
	{"internet", [3]string{InternetIPv4 + "/24", InternetIPv6 + "/64", "fe80::7/64"},
		"router", "eth1", [3]string{"198.51.100.1/24", "2001:db8:51::1/64", "fe80::51/64"}},
}

// Addresses lists the addresses of a machine of the testbed ("office"), with their prefix lengths.
func Addresses(name string) []string {
	var all []string
	for _, m := range machines {
		if m.name == name {
			all = append(all, m.addresses...)
		}
	}
	for _, s := range stubs {
		if s.name == name {
			all = append(all, s.addresses[:]...)
		}
		if s.gateway == name {
			all = append(all, s.inner[:]...)
		}
	}
	return all
}
