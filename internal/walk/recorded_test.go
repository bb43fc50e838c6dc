package walk

import (
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
)

const hosts = "../host/testdata/hosts"

func recorded(t *testing.T, name string) (*netfilter.Machine, *host.Host) {
	t.Helper()
	m, h, err := capture.Recording(filepath.Join(hosts, name))
	if err != nil {
		t.Fatal(err)
	}
	return m, h
}

func recordings(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(hosts, "docker-*"))
	if err != nil || len(found) == 0 {
		t.Fatal("there are no recorded hosts", err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// addressOf is the host's address on an interface, and the container's on the default bridge.
func addressOf(t *testing.T, h *host.Host, name string) netip.Addr {
	t.Helper()
	for _, i := range h.Interfaces {
		for _, p := range i.Addresses {
			if i.Name == name && p.Addr().Is4() {
				return p.Addr()
			}
		}
	}
	t.Fatalf("%s has no address", name)
	return netip.Addr{}
}

func containerAt(t *testing.T, h *host.Host, name string) netip.Addr {
	t.Helper()
	for _, c := range h.Containers {
		if c.Name == name {
			return c.Endpoints[0].IPv4
		}
	}
	t.Fatalf("there is no container %s", name)
	return netip.Addr{}
}

// On every recorded host a client reaches published ports, there and back, and the host's port 127.0.0.1:9001 only where
// the engine left it open to neighbours.
func TestRecordedHosts(t *testing.T) {
	for _, name := range recordings(t) {
		t.Run(name, func(t *testing.T) {
			m, h := recorded(t, name)
			w, at, clickhouse := New(m), addressOf(t, h, "eno1"), containerAt(t, h, "clickhouse")
			q := Question{Packet: netfilter.Packet{In: "eno1", Source: netip.MustParseAddr("192.168.0.77"), SourcePort: 40000,
				Destination: at, DestinationPort: 8123, Protocol: protocolTCP}}
			client := netip.AddrPortFrom(q.Source, 40000).String()
			expect(t, w, q, "forwarded docker0 "+client+" → "+netip.AddrPortFrom(clickhouse, 8123).String())
			q.Moment = Answer
			expect(t, w, q, "forwarded eno1 "+netip.AddrPortFrom(at, 8123).String()+" → "+client)
			q.Moment, q.DestinationPort = First, 9999
			expect(t, w, q, "delivered "+client+" → "+netip.AddrPortFrom(at, 9999).String())
		})
	}
}

func expect(t *testing.T, w *Walker, q Question, want string) {
	t.Helper()
	trace := w.Follow(q)
	if got := told(trace); got != want {
		t.Errorf("%v: got %s, want %s", q, got, want)
		for _, way := range trace.Ways {
			t.Logf("%q because %q", way.End.With, way.Because)
		}
	}
}

// A port published on 127.0.0.1 is closed to neighbours since Docker 28; before, its DNAT came first.
func TestRecordedLoopbackPort(t *testing.T) {
	for _, name := range recordings(t) {
		m, h := recorded(t, name)
		q := Question{Packet: netfilter.Packet{In: "eno1", Source: netip.MustParseAddr("203.0.113.77"), SourcePort: 40000,
			Destination: netip.MustParseAddr("127.0.0.1"), DestinationPort: 9001, Protocol: protocolTCP}}
		end := New(m).Decide(&q)
		want := Dropped
		if strings.HasPrefix(name, "docker-2") && name < "docker-28" {
			want = Forwarded
		}
		if end.Kind != want {
			t.Errorf("%s: %v (%s), want %v; %s", name, end.Kind, end.With, want, h.Engine.Version)
		}
	}
}

// A container reaches out with the host's address, and another network's container not at all.
func TestRecordedEgress(t *testing.T) {
	for _, name := range recordings(t) {
		m, h := recorded(t, name)
		w, at, from := New(m), addressOf(t, h, "eno1"), containerAt(t, h, "clickhouse")
		q := Question{Packet: netfilter.Packet{In: "docker0", Source: from, SourcePort: 5000,
			Destination: netip.MustParseAddr("192.168.0.77"), DestinationPort: 443, Protocol: protocolTCP}}
		expect(t, w, q, "forwarded eno1 "+netip.AddrPortFrom(at, 5000).String()+" → 192.168.0.77:443")
		q.Destination, q.DestinationPort = containerAt(t, h, "silent"), 8123
		if end := w.Decide(&q); end.Kind != Dropped {
			t.Errorf("%s: to another network: %v", name, end.Kind)
		}
	}
}

// One Walker serves many at once, the indexes of its sets too.
func TestConcurrentWalks(t *testing.T) {
	m, h := recorded(t, "docker-29.7-nftables")
	w := New(m)
	q := Question{Packet: netfilter.Packet{In: "eno1", Source: netip.MustParseAddr("192.168.0.77"), SourcePort: 40000,
		Destination: addressOf(t, h, "eno1"), DestinationPort: 8123, Protocol: protocolTCP}}
	want := w.Decide(&q)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if got := w.Decide(&q); got != want || w.Follow(q).Ways[0].End != want {
					t.Errorf("got %v, want %v", got, want)
				}
			}
		})
	}
	group.Wait()
}
