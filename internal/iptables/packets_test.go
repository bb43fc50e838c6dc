package iptables

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// opened is a family whose lines judge what is dialled at port 8080 and, directly, at port 80, and what ends on the
// host at port 8081; tcp and udp.
func opened(lines ...gate.Line) gate.Family {
	c := chainOf(lines...)
	return gate.Family{
		Ingress: gate.Dispatch{Segments: []gate.Segment{
			segment(host.TCP, 80, c), segment(host.TCP, 8080, c), segment(host.UDP, 80, c), segment(host.UDP, 8080, c)}},
		Local:  gate.Dispatch{Segments: []gate.Segment{segment(host.TCP, 8081, c), segment(host.UDP, 8081, c)}},
		Egress: gate.Dispatch{Default: policy.Allow},
	}
}

func fromOffice(e ends) gate.Line {
	return gateLine{allow(3, "8080/tcp from office")}.from(e.office).Line
}

// fromMany is the same with a set in place of a prefix.
func fromMany(e ends) gate.Line {
	l := allow(4, "8080/tcp from many")
	l.Client = manyAddresses(e.office, 6)
	return l
}

// fromMembers is the same with many rules made one.
func fromMembers(e ends) gate.Line { return manyMembers(policy.Allow, e.office, 6) }

// Each way to the container is open for the office and closed for others, and conversations are cut when the rule goes,
// whoever speaks first: DNAT, the container's own address, and a listener on the host (docker-proxy).
func TestWaysToAContainer(t *testing.T) {
	forms := map[string]func(ends) gate.Line{"prefix": fromOffice, "set": fromMany, "members": fromMembers}
	eachLab(t, func(l *lab, e ends) {
		container, proxy := l.listen(l.container, "[::]:80"), l.listen(l.space, "[::]:8081")
		defer container.Close()
		defer proxy.Close()
		nothing := both(func(ends) gate.Family { return opened() })
		for form, line := range forms {
			open := both(func(e ends) gate.Family { return opened(line(e)) })
			l.install(open)
			for what, way := range map[string]struct {
				to     string
				port   int
				server *net.TCPListener
			}{
				"DNAT":   {e.host, 8080, container},
				"direct": {e.container, 80, container},
				"local":  {e.host, 8081, proxy},
			} {
				what = fmt.Sprintf("IPv%d, %s, %s", e.number, what, form)
				l.refused(what, "tcp", e.stranger, way.to, way.port)
				client, _ := l.talk(l.client, e.office, way.to, way.port, way.server)
				speaker, listener := l.talk(l.client, e.office, way.to, way.port, way.server)
				l.install(nothing)
				l.cut(what+", the client speaks", client)
				l.cut(what+", the server speaks", listener)
				l.cut(what+", the client speaks then", speaker)
				l.refused(what+", without the rule", "tcp", e.office, way.to, way.port)
				l.install(open)
			}
		}
	})
}

// The same for UDP, where nobody tells a server that it speaks to a client who was cut off: its words are lost.
func TestWaysToAContainerUDP(t *testing.T) {
	eachLab(t, func(l *lab, e ends) {
		container := l.socket(l.container, net.JoinHostPort(e.container, "80"))
		defer container.Close()
		proxy := l.socket(l.space, net.JoinHostPort(e.host, "8081"))
		defer proxy.Close()
		own := l.socket(l.space, net.JoinHostPort(e.host, "9000")) // a service of the host's own
		defer own.Close()
		for what, way := range map[string]struct {
			to     string
			port   int
			server *net.UDPConn
		}{
			"DNAT":   {e.host, 8080, container},
			"direct": {e.container, 80, container},
			"local":  {e.host, 8081, proxy},
		} {
			what = fmt.Sprintf("IPv%d, %s", e.number, what)
			l.install(both(func(e ends) gate.Family { return opened(fromOffice(e)) }))
			l.refused(what, "udp", e.stranger, way.to, way.port)
			client, err := l.dial(l.client, "udp", e.office, way.to, way.port)
			l.must(err)
			peer := l.ask(client, way.server)
			l.answer(way.server, peer, client)

			l.install(both(func(ends) gate.Family { return opened() }))
			_, _ = way.server.WriteTo([]byte("word"), peer) // on the host itself the kernel says that it may not
			other, err := l.dial(l.client, "udp", e.office, e.host, 9000)
			l.must(err)
			l.answer(own, l.ask(other, own), other) // what was sent before this has arrived, or never will
			l.silent(what+", the server speaks", client)
			l.refused(what+", without the rule", "udp", e.office, way.to, way.port)
		}
	})
}

// What dockwall allows goes on to the rules behind the jump: the owner's, and Docker's.
func TestAllowedIsNotAccepted(t *testing.T) {
	eachLab(t, func(l *lab, e ends) {
		server := l.listen(l.container, "[::]:80")
		defer server.Close()
		unpublished := l.listen(l.container, "[::]:8081")
		defer unpublished.Close()
		everything := gate.Family{}
		everything.Ingress.Default, everything.Egress.Default = policy.Allow, policy.Allow
		l.install(both(func(ends) gate.Family { return everything }))
		l.talk(l.client, e.office, e.host, 8080, server)
		tool := map[int]string{4: "iptables", 6: "ip6tables"}[e.number]
		l.restore(tool, "*filter\n-A DOCKER-USER -s "+e.office+" -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n")
		l.refused("a later rule of the owner's", "tcp", e.office, e.host, 8080)
		l.talk(l.client, e.stranger, e.host, 8080, server)
		// What Docker drops, here a port that is not published, stays closed; so that nobody has to wait, it refuses.
		l.restore(tool, "*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n")
		l.refused("an unpublished port", "tcp", e.stranger, e.container, 8081)
	})
}

// Containers go out and get answers unless a rule refuses; what is taken away is cut.
func TestEgress(t *testing.T) {
	eachLab(t, func(l *lab, e ends) {
		server := l.listen(l.client, "[::]:8443")
		defer server.Close()
		out := func(dialled func(e ends) gate.AddressSet) *gate.Gate {
			return both(func(e ends) gate.Family {
				f := opened()
				line := deny(5, "8443/tcp to office")
				line.Dialled = dialled(e)
				f.Egress.Segments = []gate.Segment{segment(host.TCP, 8443, chainOf(line))}
				return f
			})
		}
		for what, dialled := range map[string]func(e ends) gate.AddressSet{
			"prefix": func(e ends) gate.AddressSet { return addressesOf(e.office) },
			"set":    func(e ends) gate.AddressSet { return manyAddresses(e.office, 5) },
		} {
			what = fmt.Sprintf("IPv%d, %s", e.number, what)
			l.install(both(func(ends) gate.Family { return opened() }))
			ours, theirs := l.talk(l.container, e.container, e.office, 8443, server)
			again, _ := l.talk(l.container, e.container, e.office, 8443, server)
			l.install(out(dialled))
			l.cut(what+", the server speaks", theirs)
			l.cut(what+", the container speaks", again)
			l.cut(what+", the container speaks then", ours)
			if c, err := l.dial(l.container, "tcp", e.container, e.office, 8443); !errors.Is(err, syscall.ECONNREFUSED) {
				l.Errorf("%s: the container dials: %v, %v, want that it is refused", what, c, err)
			}
			l.talk(l.container, e.container, e.stranger, 8443, server)
		}
	})
}

// A line on an interface judges what arrives there. An answer may take any way.
func TestOnInterface(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		l := newLab(m)
		server := l.listen(l.container, "[::]:80")
		for name, c := range map[string]struct {
			line                gate.Line
			otherwise           policy.Action
			opensENO1, opensWG0 bool
		}{
			"allow on wg0":  {allow(3, "8080/tcp on wg0"), policy.Deny, false, true},
			"deny on wg0":   {deny(3, "8080/tcp on wg0"), policy.Allow, true, false},
			"allow on eno1": {allow(3, "8080/tcp on eno1"), policy.Deny, true, false},
		} {
			c.line.Interface = name[len(name)-4:]
			if c.line.Interface == " wg0" {
				c.line.Interface = "wg0"
			}
			g := both(func(ends) gate.Family { return opened(c.line) })
			g.IPv4.Ingress.Default = c.otherwise
			l.install(g)
			for to, open := range map[string]bool{"198.51.100.1": c.opensENO1, "203.0.113.1": c.opensWG0} {
				from := map[string]string{"198.51.100.1": "198.51.100.7", "203.0.113.1": "203.0.113.7"}[to]
				if open {
					l.talk(l.client, from, to, 8080, server)
				} else {
					l.refused(name, "tcp", from, to, 8080)
				}
			}
		}
	})
}

// The host's own services, whatever the gate says, and what the host itself dials, are left alone.
func TestHostIsLeftAlone(t *testing.T) {
	eachLab(t, func(l *lab, e ends) {
		own := l.listen(l.space, "[::]:22")
		defer own.Close()
		server := l.listen(l.container, "[::]:80")
		defer server.Close()
		proxy := l.listen(l.space, "[::]:8081")
		defer proxy.Close()
		ssh, sshd := l.talk(l.client, e.stranger, e.host, 22, own)
		l.install(both(func(ends) gate.Family { f := opened(); f.Egress.Default = policy.Deny; return f }))
		l.say(ssh, sshd)
		l.say(sshd, ssh)
		l.talk(l.client, e.stranger, e.host, 22, own)
		l.talk(l.space, e.host, e.container, 80, server)  // the host to a container
		l.talk(l.space, e.host, e.host, 8081, proxy)      // the host to its own published port
		l.talk(l.container, e.container, e.host, 22, own) // a container to the host
		l.talk(l.container, e.container, e.host, 8081, proxy)
	})
}

// A port published on 127.0.0.1 is the host's own, even where a neighbour routes that address to the host.
func TestLoopbackDialledFromOutside(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		l := newLab(m)
		server := l.listen(l.container, "[::]:80")
		_, err := l.client.Run(context.Background(), "", "ip", "address", "del", "127.0.0.1/8", "dev", "lo")
		l.must(err)
		l.must(l.client.Sysctl("ipv4/conf/eth0/route_localnet", "1"))
		l.route(l.client, "127.0.0.1/32", "198.51.100.1")
		l.talk(l.client, "198.51.100.7", "127.0.0.1", 9001, server) // this is the hole
		open := gate.Family{}
		open.Ingress.Default, open.Local.Default, open.Egress.Default = policy.Allow, policy.Allow, policy.Allow
		l.install(both(func(ends) gate.Family { return open }))
		l.refused("a port published on loopback", "tcp", "198.51.100.7", "127.0.0.1", 9001)
		l.talk(l.client, "198.51.100.7", "198.51.100.1", 8080, server)
	})
}

// Chains in both gates keep their counters, and so does a conversation that both allow.
func TestCountersAreKept(t *testing.T) {
	eachLab(t, func(l *lab, e ends) {
		server := l.listen(l.container, "[::]:80")
		defer server.Close()
		gateWith := func(port uint16) *gate.Gate {
			return both(func(e ends) gate.Family {
				f := opened(manyMembers(policy.Allow, e.office, 6))
				f.Ingress.Segments = append(f.Ingress.Segments[:2], segment(host.TCP, port, chainOf(allow(9, "9999/tcp from any"))))
				return f
			})
		}
		l.install(gateWith(9998))
		client, other := l.talk(l.client, e.office, e.host, 8080, server)
		rules := manyMembers(policy.Allow, e.office, 6).Members
		first := l.counts(e, rules[0].Rule)
		if first == 0 {
			l.Errorf("IPv%d: the rule that let the office in counted nothing", e.number)
		}
		if n := l.counts(e, rules[1].Rule); n != 0 {
			l.Errorf("IPv%d: a rule that let nobody in counted %d packets", e.number, n)
		}
		l.install(gateWith(9999))
		l.say(client, other)
		l.say(other, client)
		if second := l.counts(e, rules[0].Rule); second <= first {
			l.Errorf("IPv%d: the rule counted %d packets before the change and %d after it", e.number, first, second)
		}
	})
}

// counts is how many packets a line of ingress counted.
func (l *lab) counts(e ends, r gate.RuleRef) uint64 {
	l.Helper()
	for _, line := range l.read().Lines {
		if line.Family == e.number && line.Way == gate.Ingress && line.Rule.Hash == r.Hash {
			return line.Packets
		}
	}
	l.Fatalf("no line %s is installed", r.Sentence)
	return 0
}

// Packets without a conversation reach no container and no published port, and are not answered.
func TestPacketsWithoutConversation(t *testing.T) {
	eachLab(t, func(l *lab, e ends) {
		everything := gate.Family{Local: opened().Local}
		everything.Ingress.Default, everything.Egress.Default = policy.Allow, policy.Allow
		l.install(both(func(ends) gate.Family { return everything }))
		own := l.socket(l.space, net.JoinHostPort(e.host, "9000"))
		defer own.Close()
		before := l.dropped(e)
		l.nonsense(e, e.container, 80)
		l.nonsense(e, e.host, 8081)
		l.nonsense(e, e.host, 22) // the host's own affair
		client, err := l.dial(l.client, "udp", e.stranger, e.host, 9000)
		l.must(err)
		l.answer(own, l.ask(client, own), client) // what was sent before this has been worked on
		if n := l.dropped(e) - before; n != 2 {
			l.Errorf("IPv%d: %d packets were dropped, want 2: those to the container and to the published port", e.number, n)
		}
	})
}

// nonsense sends a TCP segment that begins and ends a connection at once.
func (l *lab) nonsense(e ends, to string, port int) {
	l.Helper()
	segment := make([]byte, 20)
	binary.BigEndian.PutUint16(segment, 40000)
	binary.BigEndian.PutUint16(segment[2:], uint16(port))
	segment[12], segment[13] = 5<<4, 0x03 // SYN and FIN
	network := map[int]string{4: "ip4:6", 6: "ip6:6"}[e.number]
	var c *net.IPConn
	l.must(l.client.Do(func() (err error) {
		c, err = net.DialIP(network, &net.IPAddr{IP: net.ParseIP(e.stranger)}, &net.IPAddr{IP: net.ParseIP(to)})
		return err
	}))
	defer c.Close()
	_, err := c.Write(segment)
	l.must(err)
}

// dropped is how many packets of a family were dropped for want of a conversation.
func (l *lab) dropped(e ends) (n uint64) {
	l.Helper()
	for _, rules := range l.read().Raw.(*reading).saved[families[e.number/2-2]].chains {
		for _, r := range rules {
			if parseRule(r.text).after("--comment") == "no conversation" {
				n += r.packets
			}
		}
	}
	return n
}

// An echo of a container's own address is judged by its own chain, in both directions.
func TestEcho(t *testing.T) {
	eachLab(t, func(l *lab, e ends) {
		echo := func(c *gate.Chain) *gate.Gate {
			return both(func(ends) gate.Family { f := opened(); f.Ingress.Echo = c; return f })
		}
		// Docker lets no echo through: the rule that does is the owner's, behind ours.
		tool := map[int]string{4: "iptables", 6: "ip6tables"}[e.number]
		l.restore(tool, "*filter\n-A DOCKER-USER -j ACCEPT\nCOMMIT\n")
		ping := l.ping(e)
		l.install(echo(chainOf(allow(3, "icmp from any"))))
		if err := ping(); err != nil {
			l.Errorf("IPv%d: an allowed echo: %v", e.number, err)
		}
		l.install(echo(chainOf(deny(4, "icmp"))))
		if err := ping(); !errors.Is(err, syscall.ECONNREFUSED) {
			l.Errorf("IPv%d: a refused echo: %v, want an ICMP error", e.number, err)
		}
		l.install(echo(nil))
		if err := ping(); !errors.Is(err, syscall.ECONNREFUSED) {
			l.Errorf("IPv%d: an echo that no rule allows: %v, want an ICMP error", e.number, err)
		}
	})
}

// ping is a function that sends an echo request to the container and waits for what comes back. All are of one
// conversation.
func (l *lab) ping(e ends) func() error {
	l.Helper()
	request, protocol := []byte{8, 0, 0, 0, 0, 0, 0, 1}, unix.IPPROTO_ICMP
	family, address := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Addr: netip.MustParseAddr("172.17.0.2").As4()})
	if e.number == 6 {
		request[0], protocol = 128, unix.IPPROTO_ICMPV6
		family, address = unix.AF_INET6, &unix.SockaddrInet6{Addr: netip.MustParseAddr(e.container).As16()}
	}
	var fd int
	l.must(l.client.Sysctl("ipv4/ping_group_range", "0 0"))
	l.must(l.client.Do(func() (err error) {
		fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, protocol)
		return err
	}))
	l.Cleanup(func() { unix.Close(fd) })
	l.must(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(patience.Seconds())}))
	l.must(unix.Connect(fd, address))
	return func() error {
		if _, err := unix.Write(fd, request); err != nil {
			return err
		}
		_, err := unix.Read(fd, make([]byte, 64))
		return err
	}
}
