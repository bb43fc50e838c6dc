package nftables

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netlab"
)

// street is a client, a Docker host and a container, each in a namespace. The host has published the container's port
// 80 as its own 8080, over both families.
type street struct {
	*machine  // the host
	client    *netlab.Namespace
	container *netlab.Namespace
}

// The addresses of one family.
type addressPlan struct {
	family                                 string
	client, stranger, host, container, all string
}

var plans = []addressPlan{
	{"ipv4", "192.168.0.7", "192.168.0.66", "192.168.0.1", "172.17.0.2", "0.0.0.0/0"},
	{"ipv6", "fd00:1::7", "fd00:1::66", "fd00:1::1", "fd00:17::2", "::/0"},
}

func newStreet(t *testing.T) *street {
	t.Helper()
	s := &street{machine: newMachine(t), client: newMachine(t).ns, container: newMachine(t).ns}
	for _, n := range []*netlab.Namespace{s.ns, s.client, s.container} {
		must(t, n.Sysctl("ipv6/conf/default/accept_dad", "0")) // which would make addresses wait for a second
	}
	must(t, netlab.Connect(s.client, "eth0", s.ns, "eth0"))
	must(t, netlab.Connect(s.container, "eth0", s.ns, "veth0"))
	must(t, s.ns.Bridge("docker0", "172.17.0.1/16", "fd00:17::1/64"))
	must(t, s.ns.Enslave("veth0", "docker0"))
	must(t, s.ns.Address("eth0", "192.168.0.1/24", "fd00:1::1/64"))
	must(t, s.client.Address("eth0", "192.168.0.7/24", "192.168.0.66/24", "fd00:1::7/64", "fd00:1::66/64"))
	must(t, s.container.Address("eth0", "172.17.0.2/16", "fd00:17::2/64"))
	for _, p := range plans {
		must(t, s.client.Route(netip.MustParsePrefix(p.all), netip.MustParseAddr(p.host)))
	}
	must(t, s.container.Route(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("172.17.0.1")))
	must(t, s.container.Route(netip.MustParsePrefix("::/0"), netip.MustParseAddr("fd00:17::1")))
	must(t, s.ns.Sysctl("ipv4/ip_forward", "1"))
	must(t, s.ns.Sysctl("ipv6/conf/all/forwarding", "1"))
	s.nft(`
table inet docker {
	chain prerouting {
		type nat hook prerouting priority dstnat;
		iifname "eth0" ip daddr 192.168.0.1 meta l4proto { tcp, udp } th dport 8080 dnat ip to 172.17.0.2:80
		iifname "eth0" ip6 daddr fd00:1::1 meta l4proto { tcp, udp } th dport 8080 dnat ip6 to [fd00:17::2]:80
	}
}`)
	return s
}

// serve listens at an address and port in a namespace, over TCP, and over UDP, where it answers with what it is sent.
func serve(t *testing.T, n *netlab.Namespace, address string, port int) *server {
	t.Helper()
	s := &server{accepted: make(chan net.Conn, 10)}
	at := net.JoinHostPort(address, fmt.Sprint(port))
	must(t, n.Do(func() (err error) {
		if s.tcp, err = net.Listen("tcp", at); err == nil {
			s.udp, err = net.ListenPacket("udp", at)
		}
		return err
	}))
	t.Cleanup(func() { s.tcp.Close(); s.udp.Close() })
	go s.accept()
	go s.echo()
	return s
}

type server struct {
	tcp      net.Listener
	udp      net.PacketConn
	accepted chan net.Conn
}

func (s *server) accept() {
	for {
		c, err := s.tcp.Accept()
		if err != nil {
			return
		}
		s.accepted <- c
	}
}

func (s *server) echo() {
	buffer := make([]byte, 100)
	for {
		n, from, err := s.udp.ReadFrom(buffer)
		if err != nil {
			return
		}
		_, _ = s.udp.WriteTo(buffer[:n], from)
	}
}

// patience is how long something that has to happen may take.
const patience = 5 * time.Second

// dial begins a conversation in a namespace.
func dial(n *netlab.Namespace, network, from, to string, port int) (c net.Conn, err error) {
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	if network == "udp" {
		d.LocalAddr = &net.UDPAddr{IP: net.ParseIP(from)}
	}
	err = n.Do(func() (err error) {
		c, err = d.Dial(network, net.JoinHostPort(to, fmt.Sprint(port)))
		return err
	})
	if err == nil {
		err = c.SetDeadline(time.Now().Add(patience))
	}
	return c, err
}

// ask sends a word over a conversation whose other side echoes, and waits for the answer.
func ask(c net.Conn) error {
	if _, err := c.Write([]byte("word")); err != nil {
		return err
	}
	_, err := c.Read(make([]byte, 100))
	return err
}

func refusal(err error) bool {
	return errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}

// reach tells whether a client reaches a port: nil, or the refusal. Anything else is an error of the test.
func (s *street) reach(n *netlab.Namespace, network, from, to string, port int) error {
	s.Helper()
	c, err := dial(n, network, from, to, port)
	if err == nil {
		defer c.Close()
		if network == "udp" {
			err = ask(c)
		}
	}
	if err != nil && !refusal(err) {
		s.Fatalf("%s from %s to %s port %d is neither answered nor refused: %v", network, from, to, port, err)
	}
	return err
}

// forClient is a gate that allows both families' client these segments' port, in that way.
func forClient(way gate.Way, port uint16) *gate.Gate {
	g := &gate.Gate{Bridges: []string{"docker0"}, IPv4: closed(), IPv6: closed()}
	for i, f := range []*gate.Family{&g.IPv4, &g.IPv6} {
		c := chainOf(line(1, "allow from client", addresses(plans[i].client, plans[i].client)))
		d := map[gate.Way]*gate.Dispatch{gate.Ingress: &f.Ingress, gate.Local: &f.Local, gate.Egress: &f.Egress}[way]
		d.Segments = []gate.Segment{tcp(port, port, c), udp(port, port, c)}
	}
	return g
}

// everyWay calls f for both families and both protocols.
func everyWay(t *testing.T, f func(t *testing.T, s *street, p addressPlan, network string)) {
	for _, p := range plans {
		for _, network := range []string{"tcp", "udp"} {
			t.Run(p.family+" "+network, func(t *testing.T) { f(t, newStreet(t), p, network) })
		}
	}
}

func TestPublishedPort(t *testing.T) {
	everyWay(t, func(t *testing.T, s *street, p addressPlan, network string) {
		serve(t, s.container, p.container, 80)
		s.apply(forClient(gate.Ingress, 8080))
		if err := s.reach(s.client, network, p.client, p.host, 8080); err != nil {
			t.Errorf("the client is refused: %v", err)
		}
		if s.reach(s.client, network, p.stranger, p.host, 8080) == nil {
			t.Error("a stranger is let in")
		}
		if s.reach(s.client, network, p.client, p.container, 80) == nil {
			t.Error("the container's own port is open to direct routing")
		}
		s.apply(forClient(gate.Ingress, 80))
		if s.reach(s.client, network, p.client, p.host, 8080) == nil {
			t.Error("a rule for the container's port opens the published one")
		}
		if err := s.reach(s.client, network, p.client, p.container, 80); err != nil {
			t.Errorf("direct routing is refused: %v", err)
		}
	})
}

func TestPortOnTheHostItself(t *testing.T) {
	everyWay(t, func(t *testing.T, s *street, p addressPlan, network string) {
		serve(t, s.ns, p.host, 8000)
		serve(t, s.ns, p.host, 22)
		s.apply(forClient(gate.Local, 8000))
		if err := s.reach(s.client, network, p.client, p.host, 8000); err != nil {
			t.Errorf("the client is refused: %v", err)
		}
		if s.reach(s.client, network, p.stranger, p.host, 8000) == nil {
			t.Error("a stranger is let in")
		}
		if err := s.reach(s.client, network, p.stranger, p.host, 22); err != nil {
			t.Errorf("the host's own service is refused: %v", err)
		}
		if err := s.reach(s.container, network, p.container, p.host, 8000); err != nil {
			t.Errorf("a container is refused: %v", err)
		}
	})
}

func TestEgress(t *testing.T) {
	everyWay(t, func(t *testing.T, s *street, p addressPlan, network string) {
		serve(t, s.client, p.client, 443)
		serve(t, s.client, p.client, 444)
		g := &gate.Gate{Bridges: []string{"docker0"}, IPv4: closed(), IPv6: closed()}
		s.apply(g)
		if err := s.reach(s.container, network, p.container, p.client, 443); err != nil {
			t.Errorf("a container is refused where egress is open: %v", err)
		}
		g = forClient(gate.Egress, 443)
		for i, f := range []*gate.Family{&g.IPv4, &g.IPv6} {
			f.Egress.Default = 0
			f.Egress.Segments[0].Chain.Lines[0].Client = addresses(plans[i].container, plans[i].container)
		}
		s.apply(g)
		if err := s.reach(s.container, network, p.container, p.client, 443); err != nil {
			t.Errorf("a container is refused what is allowed: %v", err)
		}
		if s.reach(s.container, network, p.container, p.client, 444) == nil {
			t.Error("a container is let out where egress is closed")
		}
	})
}

// Where a rule is taken away, the next packet of an open conversation is refused, whichever side sends it.
func TestOpenConversationIsCut(t *testing.T) {
	everyWay(t, func(t *testing.T, s *street, p addressPlan, network string) {
		server := serve(t, s.container, p.container, 80)
		s.apply(forClient(gate.Ingress, 8080))
		c, err := dial(s.client, network, p.client, p.host, 8080)
		must(t, err)
		defer c.Close()
		if network == "udp" {
			must(t, ask(c))
			s.apply(forClient(gate.Ingress, 9))
			if err := ask(c); !refusal(err) {
				t.Errorf("the client's next packet is not refused: %v", err)
			}
			s.refusedFromContainer(func() error { _, err := server.udp.WriteTo([]byte("word"), c.LocalAddr()); return err })
			return
		}
		inside := <-server.accepted
		defer inside.Close()
		s.apply(forClient(gate.Ingress, 9))
		_, err = inside.Write([]byte("word"))
		must(t, err)
		must(t, inside.SetDeadline(time.Now().Add(patience)))
		if _, err := inside.Read(make([]byte, 1)); !refusal(err) {
			t.Errorf("the container's next packet is not refused: %v", err)
		}
		if err := ask(c); !refusal(err) {
			t.Errorf("the client's next packet is not refused: %v", err)
		}
	})
}

// refusedFromContainer sends a packet and waits until a default has counted one more.
func (s *street) refusedFromContainer(send func() error) {
	s.Helper()
	before := s.refusedByDefault()
	must(s.T, send())
	for end := time.Now().Add(patience); s.refusedByDefault() == before; {
		if time.Now().After(end) {
			s.Fatal("the container's next packet is not refused")
		}
	}
}

func (s *street) refusedByDefault() (packets uint64) {
	for _, l := range s.read().Lines {
		if l.Default && l.Way == gate.Ingress {
			packets += l.Packets
		}
	}
	return packets
}

// A docker-proxy answers from the host: its open conversations are cut in output too.
func TestOpenConversationWithTheHostIsCut(t *testing.T) {
	for _, p := range plans {
		t.Run(p.family, func(t *testing.T) {
			s := newStreet(t)
			server := serve(t, s.ns, p.host, 8000)
			s.apply(forClient(gate.Local, 8000))
			c, err := dial(s.client, "tcp", p.client, p.host, 8000)
			must(t, err)
			defer c.Close()
			inside := <-server.accepted
			defer inside.Close()
			g := forClient(gate.Local, 8000)
			g.IPv4.Local.Segments[0].Chain.Lines = nil
			g.IPv6.Local.Segments[0].Chain.Lines = nil
			s.apply(g)
			_, err = inside.Write([]byte("word"))
			must(t, err)
			must(t, inside.SetDeadline(time.Now().Add(patience)))
			if _, err := inside.Read(make([]byte, 1)); !refusal(err) {
				t.Errorf("the host's next packet is not refused: %v", err)
			}
			if err := ask(c); !refusal(err) {
				t.Errorf("the client's next packet is not refused: %v", err)
			}
		})
	}
}

// Counters count what a line decided, in both directions, and only that.
func TestCountersCount(t *testing.T) {
	s := newStreet(t)
	serve(t, s.container, "172.17.0.2", 80)
	g := forClient(gate.Ingress, 8080)
	merged := gate.Line{Action: 1, Client: addresses("crowd", "192.168.0.0/24")}
	merged.Members = []gate.Member{
		{Range: parseRange("192.168.0.0-192.168.0.65"), Rule: ref(1, "allow from some")},
		{Range: parseRange("192.168.0.66"), Rule: ref(2, "allow from the stranger")},
	}
	g.IPv4.Ingress.Segments[1] = gate.Segment{Protocol: host.UDP, First: 8080, Last: 8080, Chain: chainOf(merged)}
	s.apply(g)
	must(t, s.reach(s.client, "udp", "192.168.0.66", "192.168.0.1", 8080))
	for _, l := range s.read().Lines {
		want := uint64(0)
		if l.Rule.Sentence == "allow from the stranger" {
			want = 2
		}
		if l.Packets != want {
			t.Errorf("%s has counted %d packets, want %d", lineText(l), l.Packets, want)
		}
	}
}

// Bridges mean the same one by one and as a set: who comes in by one of them is a container, whichever it goes to.
func TestFewAndManyBridges(t *testing.T) {
	for _, bridges := range [][]string{{"docker0", "other0"}, append([]string{"other0"}, manyBridges...)} {
		t.Run(fmt.Sprint(len(bridges)), func(t *testing.T) {
			s := newStreet(t)
			other := newMachine(t).ns
			must(t, netlab.Connect(other, "eth0", s.ns, "veth1"))
			must(t, s.ns.Bridge("other0", "172.18.0.1/16"))
			must(t, s.ns.Enslave("veth1", "other0"))
			must(t, other.Address("eth0", "172.18.0.2/16"))
			must(t, other.Route(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("172.18.0.1")))
			serve(t, s.container, "172.17.0.2", 80)
			serve(t, other, "172.18.0.2", 80)
			serve(t, s.client, "192.168.0.7", 80)
			g := forClient(gate.Ingress, 80)
			g.Bridges = bridges
			s.apply(g)
			for _, to := range []string{"172.17.0.2", "172.18.0.2"} {
				if err := s.reach(s.client, "tcp", "192.168.0.7", to, 80); err != nil {
					t.Errorf("the client is refused at %s: %v", to, err)
				}
				if s.reach(s.client, "tcp", "192.168.0.66", to, 80) == nil {
					t.Errorf("a stranger is let in to %s", to)
				}
			}
			if err := s.reach(other, "tcp", "172.18.0.2", "172.17.0.2", 80); err != nil {
				t.Errorf("a container is refused at another one: %v", err)
			}
			if err := s.reach(other, "tcp", "172.18.0.2", "192.168.0.7", 80); err != nil {
				t.Errorf("a container cannot go out: %v", err)
			}
		})
	}
}

func TestForwardingOfOthersIsUntouched(t *testing.T) {
	s := newStreet(t)
	other := newMachine(t).ns
	must(t, netlab.Connect(other, "eth0", s.ns, "eth1"))
	must(t, s.ns.Address("eth1", "10.5.0.1/24"))
	must(t, other.Address("eth0", "10.5.0.2/24"))
	must(t, other.Route(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("10.5.0.1")))
	serve(t, other, "10.5.0.2", 80)
	s.apply(&gate.Gate{Bridges: []string{"docker0"}, IPv4: closed(), IPv6: closed()})
	if err := s.reach(s.client, "tcp", "192.168.0.7", "10.5.0.2", 80); err != nil {
		t.Errorf("forwarding between two links is refused: %v", err)
	}
}

// What conntrack does not see cannot be judged: it reaches no container and no published port, and nobody is told.
func TestUntrackedPacketsAreDropped(t *testing.T) {
	for _, p := range plans {
		t.Run(p.family, func(t *testing.T) {
			s := newStreet(t)
			serve(t, s.ns, p.host, 22)
			s.nft(`
table inet untracked {
	chain prerouting {
		type filter hook prerouting priority raw;
		iifname "eth0" notrack
	}
}`)
			g := forClient(gate.Ingress, 80)
			g.IPv4.Local, g.IPv6.Local = g.IPv4.Ingress, g.IPv6.Ingress
			s.apply(g)
			for i, to := range []string{p.host, p.container} {
				c, err := dial(s.client, "udp", p.client, to, 80)
				must(t, err)
				defer c.Close()
				for end := time.Now().Add(patience); s.noted("part of no conversation") == uint64(i); {
					_, err := c.Write([]byte("word"))
					must(t, err)
					if time.Now().After(end) {
						t.Fatalf("a packet to %s is not dropped", to)
					}
				}
			}
			if err := s.reach(s.client, "udp", p.client, p.host, 22); err != nil {
				t.Errorf("the host's own service is refused: %v", err)
			}
		})
	}
}

// noted is how many rules with that note have counted anything.
func (s *street) noted(text string) (rules uint64) {
	for _, c := range s.read().Raw.(*reading).chains {
		for _, r := range c.rules {
			if r.comment == note(text) && r.packets > 0 {
				rules++
			}
		}
	}
	return rules
}
