package iptables

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/netlab"
)

// lab is a host with Docker's rules as an engine makes them, a client and a container.
//
//	client eth0 ── eno1 host docker0 ── eth0 container
//	client eth1 ── wg0  host
//
// The container has 172.17.0.2 and fd00:17::2. Port 8080 of the host is published to its port 80, tcp and udp, and so
// is 127.0.0.1:9001. The client has two addresses of each family on eth0: one in the office, one that is not.
type lab struct {
	*machine
	client, container *netlab.Namespace
}

// ends are the addresses of one family in a lab.
type ends struct {
	number                            int
	office, stranger, host, container string
}

var labEnds = []ends{
	{4, "192.0.2.7", "198.51.100.7", "198.51.100.1", "172.17.0.2"},
	{6, "2001:db8:1::7", "2001:db8:1::8", "2001:db8:1::1", "fd00:17::2"},
}

func newLab(m *machine) *lab {
	m.Helper()
	l := &lab{machine: m}
	l.onOneCPU()
	for _, space := range []**netlab.Namespace{&l.client, &l.container} {
		var err error
		*space, err = netlab.New()
		m.must(err)
		m.Cleanup(func() { (*space).Close() })
	}
	host := m.space
	for _, space := range []*netlab.Namespace{host, l.client, l.container} {
		m.must(space.Sysctl("ipv6/conf/default/accept_dad", "0")) // addresses are usable at once
	}
	for _, knob := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
		m.must(host.Sysctl(knob, "1"))
	}
	m.must(netlab.Connect(host, "eno1", l.client, "eth0"))
	m.must(netlab.Connect(host, "wg0", l.client, "eth1"))
	m.must(host.Address("eno1", "198.51.100.1/24", "192.0.2.1/24", "2001:db8:1::1/64"))
	m.must(host.Address("wg0", "203.0.113.1/24"))
	m.must(l.client.Address("eth0", "198.51.100.7/24", "192.0.2.7/24", "2001:db8:1::7/64", "2001:db8:1::8/64"))
	m.must(l.client.Address("eth1", "203.0.113.7/24"))
	m.must(host.Bridge("docker0", "172.17.0.1/16", "fd00:17::1/64"))
	m.must(netlab.Connect(host, "veth1", l.container, "eth0"))
	m.must(host.Enslave("veth1", "docker0"))
	m.must(l.container.Address("eth0", "172.17.0.2/16", "fd00:17::2/64"))
	l.route(l.client, "172.17.0.0/16", "198.51.100.1")
	l.route(l.client, "fd00:17::/64", "2001:db8:1::1")
	l.route(l.container, "0.0.0.0/0", "172.17.0.1")
	l.route(l.container, "::/0", "fd00:17::1")
	loopback := "-A DOCKER -d 127.0.0.1 ! -i docker0 -p tcp -m tcp --dport 9001 -j DNAT --to-destination 172.17.0.2:80\n"
	l.rules("iptables", "172.17.0.2", "172.17.0.2:80", loopback)
	l.rules("ip6tables", "fd00:17::2", "[fd00:17::2]:80", "")
	return l
}

// onOneCPU makes what the test sends go through the kernel in that order: each CPU works on its own queue of packets.
func (l *lab) onOneCPU() {
	l.Helper()
	runtime.LockOSThread()
	var all, one unix.CPUSet
	l.must(unix.SchedGetaffinity(0, &all))
	for cpu := range 1024 {
		if all.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	l.must(unix.SchedSetaffinity(0, &one))
	l.Cleanup(func() {
		defer runtime.UnlockOSThread()
		if err := unix.SchedSetaffinity(0, &all); err != nil {
			l.Error(err)
		}
	})
}

func (l *lab) route(n *netlab.Namespace, to, via string) {
	l.Helper()
	l.must(n.Route(netip.MustParsePrefix(to), netip.MustParseAddr(via)))
}

// rules are Docker's, of engines up to 27. Everything that is published is also let in when dialled directly.
func (l *lab) rules(tool, container, to, more string) {
	l.Helper()
	l.restore(tool, stubs)
	l.restore(tool, fmt.Sprintf(`*filter
:DOCKER - [0:0]
:FORWARD DROP [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 -j ACCEPT
-A DOCKER -d %[1]s ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d %[1]s ! -i docker0 -o docker0 -p udp -m udp --dport 80 -j ACCEPT
COMMIT
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s %[1]s ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination %[2]s
-A DOCKER ! -i docker0 -p udp -m udp --dport 8080 -j DNAT --to-destination %[2]s
%[3]sCOMMIT
`, container, to, more))
}

// patience ends what would wait for ever; nothing that succeeds takes so long.
const patience = 10 * time.Second

// listen makes a TCP server. Its connections are accepted by accept.
func (l *lab) listen(n *netlab.Namespace, address string) *net.TCPListener {
	l.Helper()
	var listener net.Listener
	l.must(n.Do(func() (err error) { listener, err = net.Listen("tcp", address); return err }))
	l.Cleanup(func() { listener.Close() })
	return listener.(*net.TCPListener)
}

// dial connects from an address of a namespace.
func (l *lab) dial(n *netlab.Namespace, protocol, from, to string, port int) (net.Conn, error) {
	source, err := net.ResolveUDPAddr("udp", net.JoinHostPort(from, "0"))
	l.must(err)
	dialer := net.Dialer{Timeout: patience, LocalAddr: source}
	if protocol == "tcp" {
		dialer.LocalAddr = &net.TCPAddr{IP: source.IP}
	}
	var c net.Conn
	err = n.Do(func() (err error) {
		c, err = dialer.Dial(protocol, net.JoinHostPort(to, fmt.Sprint(port)))
		return err
	})
	if err == nil {
		l.Cleanup(func() { c.Close() })
		l.must(c.SetDeadline(time.Now().Add(patience)))
	}
	return c, err
}

// talk connects to a server of ours and returns both ends of the conversation, after a word in each direction.
func (l *lab) talk(n *netlab.Namespace, from, to string, port int, server *net.TCPListener) (client, other net.Conn) {
	l.Helper()
	client, err := l.dial(n, "tcp", from, to, port)
	l.must(err)
	l.must(server.SetDeadline(time.Now().Add(patience)))
	other, err = server.Accept()
	l.must(err)
	l.Cleanup(func() { other.Close() })
	l.must(other.SetDeadline(time.Now().Add(patience)))
	l.say(client, other)
	l.say(other, client)
	return client, other
}

// say sends a word and waits until it is there.
func (l *lab) say(from, to net.Conn) {
	l.Helper()
	_, err := from.Write([]byte("word"))
	l.must(err)
	_, err = io.ReadFull(to, make([]byte, 4))
	l.must(err)
}

// cut says a word that must not arrive: who says it is told that the connection is reset.
func (l *lab) cut(what string, from net.Conn) {
	l.Helper()
	_, err := from.Write([]byte("word"))
	if err == nil {
		_, err = from.Read(make([]byte, 4))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		l.Errorf("%s: after the rule was taken away: %v, want that the connection is reset", what, err)
	}
}

// refused dials what must be refused at once: with a reset for TCP, and an ICMP error for UDP.
func (l *lab) refused(what, protocol, from, to string, port int) {
	l.Helper()
	c, err := l.dial(l.client, protocol, from, to, port)
	if err == nil {
		if _, err = c.Write([]byte("word")); err == nil {
			_, err = c.Read(make([]byte, 4))
		}
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		l.Errorf("%s: %s from %s to %s port %d: %v, want that it is refused", what, protocol, from, to, port, err)
	}
}

// socket makes a UDP socket that talks to anybody.
func (l *lab) socket(n *netlab.Namespace, address string) *net.UDPConn {
	l.Helper()
	var c net.PacketConn
	l.must(n.Do(func() (err error) { c, err = net.ListenPacket("udp", address); return err }))
	l.Cleanup(func() { c.Close() })
	l.must(c.SetDeadline(time.Now().Add(patience)))
	return c.(*net.UDPConn)
}

// ask sends a datagram to a server, waits until it is there, and returns where it came from.
func (l *lab) ask(client net.Conn, server *net.UDPConn) net.Addr {
	l.Helper()
	_, err := client.Write([]byte("word"))
	l.must(err)
	_, peer, err := server.ReadFrom(make([]byte, 4))
	l.must(err)
	return peer
}

// answer sends a datagram to a client and waits until it is there.
func (l *lab) answer(server *net.UDPConn, peer net.Addr, client net.Conn) {
	l.Helper()
	_, err := server.WriteTo([]byte("word"), peer)
	l.must(err)
	_, err = client.Read(make([]byte, 4))
	l.must(err)
}

// silent tells that nothing waits to be read on a socket.
func (l *lab) silent(what string, c net.Conn) {
	l.Helper()
	raw, err := c.(*net.UDPConn).SyscallConn()
	l.must(err)
	l.must(raw.Control(func(fd uintptr) {
		n, _, err := unix.Recvfrom(int(fd), make([]byte, 4), unix.MSG_DONTWAIT)
		if !errors.Is(err, unix.EAGAIN) {
			l.Errorf("%s: read %d bytes, %v, want nothing", what, n, err)
		}
	}))
}

// each runs a test for both families of a lab in both variants.
func eachLab(t *testing.T, test func(l *lab, e ends)) {
	onEachVariant(t, func(m *machine) {
		l := newLab(m)
		for _, e := range labEnds {
			test(l, e)
		}
	})
}

// both is a gate with the same dispatches for both families.
func both(family func(e ends) gate.Family) *gate.Gate {
	return &gate.Gate{Bridges: []string{"docker0"}, IPv4: family(labEnds[0]), IPv6: family(labEnds[1])}
}
