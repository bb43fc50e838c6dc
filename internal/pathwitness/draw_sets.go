package pathwitness

import (
	"fmt"
	"strings"
)

// drawSets is a text for ipset restore: every kind of set that rules look into, for both families.
func drawSets(d draw) string {
	var b strings.Builder
	for _, d.family = range bothFamilies {
		d.ipsets(&b)
	}
	line(&b, "create ports bitmap:port range 0-65535")
	d.members(&b, "ports", d.port, func() string { return d.portSpan("-") })
	return b.String()
}

func (d draw) ipsets(b *strings.Builder) {
	four, family := "4", "inet"
	if !d.is4() {
		four, family = "6", "inet6"
	}
	for _, kind := range []struct{ name, is string }{
		{"ip", "hash:ip"}, {"net", "hash:net"}, {"ipport", "hash:ip,port"}, {"netiface", "hash:net,iface"},
		{"netport", "hash:net,port"}, {"triple", "hash:ip,port,net"},
	} {
		line(b, "create %s%s %s family %s", kind.name, four, kind.is, family)
	}
	line(b, "create seen%s hash:ip family %s timeout 600", four, family)
	line(b, "create list%s list:set", four)
	d.members(b, "ip"+four, d.address)
	d.members(b, "net"+four, d.network, d.network, d.exception)
	d.members(b, "ipport"+four, d.addressAndPort)
	d.members(b, "netiface"+four, func() string { return d.network() + "," + d.of(interfaces...) })
	d.members(b, "netport"+four, func() string { return d.network() + "," + d.protocolPort() })
	d.members(b, "triple"+four, func() string { return d.address() + "," + d.protocolPort() + "," + d.network() })
	line(b, "add list%s ip%s", four, four)
	line(b, "add list%s net%s", four, four)
}

// members are a few entries. (ipset restore -exist is how the lab loads them: an entry can come twice.)
func (d draw) members(b *strings.Builder, name string, makers ...func() string) {
	for range d.upTo(4) {
		line(b, "add %s %s", name, d.one(makers...))
	}
}

// network is a prefix that hash:net takes: none of length 0.
func (d draw) network() string {
	p := d.prefix()
	if strings.HasSuffix(p, "/0") {
		return d.address()
	}
	return p
}

func (d draw) exception() string { return d.address() + " nomatch" }

func (d draw) protocolPort() string {
	return fmt.Sprintf("%s:%s", d.of("tcp", "udp", "sctp"), d.port())
}

func (d draw) addressAndPort() string { return d.address() + "," + d.protocolPort() }
