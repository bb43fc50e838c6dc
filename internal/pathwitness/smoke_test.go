package pathwitness

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/wire"
)

func TestSmoke(t *testing.T) {
	netlab.Need(t)
	l, err := NewLab(0, true)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := Rules{Legacy4: "*filter\n:INPUT ACCEPT\n:FORWARD DROP\n:OUTPUT ACCEPT\n:X -\n-A FORWARD -p tcp -j X\n-A X -p tcp --dport 80 -j ACCEPT\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n*nat\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80\nCOMMIT\n",
		NFT4:   "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -p udp -j REJECT\nCOMMIT\n",
		NFT6:   "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -p udp -j REJECT\nCOMMIT\n",
		Native: "table inet f { \nchain f { type filter hook forward priority -5\n tcp dport vmap { 80 : accept }\n tcp dport 81 counter\n }\n}\n"}
	for range 3 {
		at := time.Now()
		if err := l.load(context.Background(), r); err != nil {
			t.Fatal(err)
		}
		t.Log("load", time.Since(at))
		at = time.Now()
		var s *host.Snapshot
		l.Host.Do(func() error {
			s, err = host.TakeSnapshot(context.Background(), host.Options{DockerHost: "unix:///nowhere"})
			return nil
		})
		t.Log("snapshot", time.Since(at), err)
		rules := &netfilter.Ruleset{}
		n, err := numberingOf([]byte(s.Rules.NftJSON), rules)
		if err != nil {
			t.Fatal(err)
		}
		n.length[chainKey{true, netfilter.IPv4, "filter", "FORWARD"}] = 2
		n.length[chainKey{true, netfilter.IPv4, "filter", "X"}] = 1
		n.length[chainKey{true, netfilter.IPv4, "nat", "PREROUTING"}] = 1
		for k := range n.length {
			n.base[k] = k.chain != "X"
		}
		mk := func(in, s, d string, proto uint8, sp, dp uint16) sending {
			return sending{Packet: wire.Packet{ID: l.identity(), Packet: netfilter.Packet{In: in, Source: netip.MustParseAddr(s), Destination: netip.MustParseAddr(d), Protocol: proto, SourcePort: sp, DestinationPort: dp, TCPFlags: 2}}}
		}
		ps := []sending{mk("eno1", "198.51.100.7", "203.0.113.10", 6, 40000, 8080), mk("eno1", "198.51.100.7", "172.17.0.2", 6, 40001, 81),
			mk("eno1", "198.51.100.7", "172.17.0.2", 17, 40002, 81), mk("eno1", "2001:db8::7", "fd17::2", 17, 40002, 81), mk("eno1", "2001:db8::7", "fd17::2", 6, 40002, 81),
			mk("eno1", "198.51.100.7", "203.0.113.10", 6, 40003, 22), mk("", "203.0.113.10", "198.51.100.7", 6, 40004, 22), mk("", "203.0.113.10", "172.17.0.1", 6, 40004, 22), mk("", "2001:db8:1::10", "fd17::5", 17, 40004, 22)}
		ps[7].User = 1000
		for i := range ps {
			ps[i].Sequence = ps[i].ID << sequenceShift
			ps[i].Acknowledge = ps[i].ID << sequenceShift
		}
		at = time.Now()
		seen, err := l.observe(ps, n)
		if err != nil {
			t.Fatal(err)
		}
		t.Log("observe", time.Since(at))
		for _, p := range ps {
			t.Logf("%+v\n  %+v", p.Packet.Packet, *seen[p.ID])
		}
	}
}
