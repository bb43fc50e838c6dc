package pathwitness

import (
	"net/netip"
	"strconv"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/wire"
)

// Packet is the first packet of a conversation, and whose it is if the host makes it.
type Packet struct {
	netfilter.Packet
	User  uint32 `json:",omitempty"`
	Group uint32 `json:",omitempty"`
	Mark  uint32 `json:",omitempty"` // as the socket that makes it sets it
}

// drawPackets are packets that no two of are of one conversation, so that each is the first of its own.
func drawPackets(t *rapid.T, most int) []Packet {
	var packets []Packet
	portless := map[netfilter.Family]bool{}
	for i := range rapid.IntRange(1, most).Draw(t, "packets") {
		d := draw{t, rapid.SampledFrom(bothFamilies).Draw(t, "family")}
		p := d.packet(i)
		if !p.HasPorts() && p.Protocol != 1 && p.Protocol != 58 {
			if portless[d.family] {
				continue // conntrack has but their addresses, which NAT may make the same
			}
			portless[d.family] = true
		}
		packets = append(packets, p)
	}
	return packets
}

func (d draw) packet(i int) Packet {
	p := Packet{}
	if d.chance(4) {
		d.made(&p)
	} else {
		d.arriving(&p)
	}
	d.transport(&p, i)
	if d.chance(4) {
		p.TTL = uint8(rapid.SampledFrom([]int{63, 2, 1, 255}).Draw(d.t, "ttl"))
	} else {
		p.TTL = 64
	}
	if d.chance(5) {
		p.DSCP = uint8(rapid.SampledFrom([]int{8, 46, 34}).Draw(d.t, "dscp"))
	}
	if d.chance(6) {
		p.Length = uint16(rapid.SampledFrom([]int{90, 101, 500}).Draw(d.t, "length"))
	}
	p.Length = uint16(len(wire.Packet{Packet: p.Packet}.Bytes()))
	return p
}

// arriving are packets that come in by a link: from clients to the host or to containers, and from containers.
func (d draw) arriving(p *Packet) {
	from := d.of("eno1", "eno1", "vetha", "wg0", "vethb", "vethc")
	p.In = from
	if bridge, isPort := bridges[from]; isPort {
		p.In, p.PhysicalIn = bridge, from
	}
	sources, targets := join(clients4, containers4), join(own4, containers4, clients4)
	strange := join(special4, own4)
	if !d.is4() {
		sources, targets, strange = join(clients6, containers6), join(own6, containers6, clients6), join(special6, own6)
	}
	if p.PhysicalIn != "" && !d.chance(3) {
		sources = d.neighbours(p.In)
	}
	if p.PhysicalIn == "" && d.chance(10) { // a bridge hands what is for everybody to its ports and to the host at once
		targets = strange
	}
	if d.chance(20) {
		sources = strange
	}
	p.Source = netip.MustParseAddr(d.of(sources...))
	p.Destination = netip.MustParseAddr(d.of(targets...))
	if p.Source == p.Destination {
		p.Source = d.other() // else conntrack could not tell answers of protocols without ports
	}
	p.SourceMAC = macOf(from)
}

// other is a client that is in no list.
func (d draw) other() netip.Addr {
	if d.is4() {
		return netip.MustParseAddr("198.51.100.200")
	}
	return netip.MustParseAddr("2001:db8:7::200")
}

// neighbours are the containers behind a bridge.
func (d draw) neighbours(bridge string) []string {
	switch {
	case bridge == "docker0" && d.is4():
		return containers4[:2]
	case bridge == "docker0":
		return containers6[:2]
	case d.is4():
		return containers4[2:]
	}
	return containers6[2:]
}

// made are packets of the host itself.
func (d draw) made(p *Packet) {
	sources, targets := join(own4, []string{"127.0.0.1"}), join(containers4, clients4, own4, []string{"127.0.0.1"})
	if !d.is4() {
		sources, targets = join(own6, []string{"::1"}), join(containers6, clients6, own6, []string{"::1"})
	}
	p.Source = netip.MustParseAddr(d.of(sources...))
	if p.Source.IsLoopback() { // a socket with such an address can send nowhere else
		targets = join(own4, []string{"127.0.0.1"})
		if !d.is4() {
			targets = join(own6, []string{"::1"})
		}
	}
	p.Destination = netip.MustParseAddr(d.of(targets...))
	if d.chance(3) {
		p.User, p.Group = 1000, 100
	}
	if d.chance(6) {
		p.Mark = uint32(rapid.SampledFrom([]int{1, 2, 16}).Draw(d.t, "mark"))
	}
}

// transport gives the packet its protocol. No other packet of the case has the source port or the echo's id.
func (d draw) transport(p *Packet, i int) {
	p.Protocol = uint8(rapid.SampledFrom([]int{6, 17, 6, 17, 132, 1, 50, 46}).Draw(d.t, "protocol"))
	if p.Protocol == 1 {
		d.icmp(p, i)
		return
	}
	if !p.HasPorts() {
		return
	}
	p.SourcePort = uint16(40000 + i)
	if d.chance(8) {
		p.SourcePort = uint16(900 + i)
	}
	number, _ := strconv.Atoi(d.of(join(ports, []string{"8005", "9000", "1", "8081"})...))
	p.DestinationPort = uint16(number)
	if p.Protocol == 6 {
		p.TCPFlags = 2
		if d.chance(6) {
			p.TCPFlags = uint8(rapid.SampledFrom([]int{16, 18, 4, 17, 3, 24, 1, 41, 194}).Draw(d.t, "flags"))
		}
	}
}

func (d draw) icmp(p *Packet, i int) {
	p.ICMPType, p.ICMPID = 8, uint16(40000+i)
	others := []int{0, 3, 11, 13, 5}
	if !d.is4() {
		p.Protocol, p.ICMPType = 58, 128
		others = []int{129, 1, 3, 135, 134}
	}
	if d.chance(4) {
		p.ICMPType, p.ICMPID = uint8(rapid.SampledFrom(others).Draw(d.t, "type")), 0
		p.ICMPCode = uint8(rapid.SampledFrom([]int{0, 1}).Draw(d.t, "code"))
	}
}
