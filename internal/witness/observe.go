package witness

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/dockwall/dockwall/internal/host"
)

// firstNumber is the first packet's number; below it are the markers and the ports that hosts publish.
const firstNumber = 20000

// observers note in sets what dockwall's chains let through: they stand behind them in each hook. "there" has the
// source ports of packets (the identifiers of echo requests) on the way to a container or a host's port, "back" the
// destination ports of packets on the way out.
const observers = `
table inet observer {
 set there { type inet_service; flags dynamic; size 65535; }
 set back { type inet_service; flags dynamic; size 65535; }
 set echo4 { typeof icmp id; flags dynamic; size 65535; }
 set echo6 { typeof icmpv6 id; flags dynamic; size 65535; }
 chain note {
  meta l4proto { tcp, udp, sctp } add @there { th sport }
  meta l4proto { tcp, udp, sctp } add @back { th dport }
  icmp type echo-request add @echo4 { icmp id }
  icmpv6 type echo-request add @echo6 { icmpv6 id }
 }
 chain forward {
  type filter hook forward priority 300
  jump note
 }
 chain input {
  type filter hook input priority 300
  jump note
 }
}
`

// seen is the numbers of the packets that came through.
type seen struct {
	there, back map[uint16]bool
}

// look waits until everything sent so far has been worked on, and reads the observers' sets. It sends a marker over
// every link, because the kernel works on each link's packets in order, but not on those of different links.
func (r *Realm) look(ctx context.Context) (seen, error) {
	var markers []uint16
	for name := range r.ports {
		number := r.number()
		if err := r.send(name, packet{source: stranger, destination: r.own, protocol: host.UDP, sourcePort: number,
			destinationPort: discard}); err != nil {
			return seen{}, err
		}
		markers = append(markers, number)
	}
	for {
		s, err := r.read(ctx)
		if err != nil || !slices.ContainsFunc(markers, func(number uint16) bool { return !s.there[number] }) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return seen{}, fmt.Errorf("the markers %d never all arrived: %w", markers, ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// forget empties the observers' sets.
func (r *Realm) forget(ctx context.Context) error {
	_, err := r.Host.Run(ctx, "flush set inet observer there\nflush set inet observer back\n"+
		"flush set inet observer echo4\nflush set inet observer echo6\n", "nft", "-f", "-")
	return err
}

// discard is the port that markers are sent to (RFC 863); nothing publishes it, so that no policy governs them.
const discard = 9

// stranger is where markers come from (RFC 5737).
var stranger = netip.MustParseAddr("192.0.2.1")

// ownAddress is an IPv4 address of the host itself, for markers to go to.
func ownAddress(h *host.Host) (netip.Addr, error) {
	for _, link := range h.Interfaces {
		for _, prefix := range link.Addresses {
			if prefix.Addr().Is4() && !link.Loopback {
				return prefix.Addr(), nil
			}
		}
	}
	return netip.Addr{}, fmt.Errorf("the host has no IPv4 address")
}

// number is a number that no packet of this realm has had.
func (r *Realm) number() uint16 {
	r.next++
	return r.next
}

// read lists the observers' sets.
func (r *Realm) read(ctx context.Context) (seen, error) {
	text, err := r.Host.Run(ctx, "", "nft", "-j", "list", "table", "inet", "observer")
	if err != nil {
		return seen{}, err
	}
	var listing struct {
		Nftables []struct {
			Set *struct {
				Name string `json:"name"`
				Elem []any  `json:"elem"`
			} `json:"set"`
		} `json:"nftables"`
	}
	if err := json.Unmarshal([]byte(text), &listing); err != nil {
		return seen{}, fmt.Errorf("the observers' sets: %w", err)
	}
	s := seen{there: map[uint16]bool{}, back: map[uint16]bool{}}
	for _, item := range listing.Nftables {
		if item.Set == nil {
			continue
		}
		numbers := s.there
		if item.Set.Name == "back" {
			numbers = s.back
		}
		for _, element := range item.Set.Elem {
			if number, ok := element.(float64); ok {
				numbers[uint16(number)] = true
			}
		}
	}
	return s, nil
}
