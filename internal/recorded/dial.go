package recorded

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/dockwall/dockwall/internal/testbed"
)

// meet has the host find the containers' link addresses: what it remembers of an earlier container may be in the way.
func meet(ctx context.Context, t *testbed.Testbed) error {
	if _, err := t.Host.Run(ctx, "ip", "neigh", "flush", "all"); err != nil {
		return err
	}
	for _, d := range own {
		answer := t.Host.Dial(ctx, d.network, d.address)
		for tries := 1; answer.Outcome != testbed.Open && tries < 5; tries++ {
			answer = t.Host.Dial(ctx, d.network, d.address)
		}
		if answer.Outcome != testbed.Open {
			return fmt.Errorf("the host itself does not reach %s: %s", d.address, answer)
		}
	}
	return nil
}

// dialAll has every client dial everything, at the same time: who gets no answer waits for long.
func dialAll(ctx context.Context, t *testbed.Testbed) []Dial {
	var group sync.WaitGroup
	attempts := attempts(t)
	dials := make([]Dial, len(attempts))
	for i, a := range attempts {
		group.Go(func() {
			dials[i] = a.dial
			answer := a.from.Dial(ctx, a.dial.Network, a.dial.To.String())
			dials[i].Outcome, dials[i].Server = answer.Outcome, answer.Reply.Server
			if a.dial.Network == "udp" && answer.Outcome != testbed.Open {
				dials[i].Outcome = testbed.Silent // kernels send few ICMP errors a second: that one came or not is chance
			}
		})
	}
	group.Wait()
	return dials
}

// attempt is a dial that is still to come.
type attempt struct {
	from *testbed.Station
	dial Dial
}

func attempts(t *testbed.Testbed) []attempt {
	var all []attempt
	add := func(from *testbed.Station, network, to string) {
		d, err := parseDial(strings.Join([]string{from.Name, network, to, "unknown"}, " "))
		if err != nil {
			panic(err) // the tables here are wrong
		}
		all = append(all, attempt{from, d})
	}
	for _, client := range []*testbed.Station{t.Office, t.Internet, t.Neighbour, t.Annex} {
		for _, d := range dialled {
			for _, address := range []string{testbed.HostIPv4, testbed.HostOffice, testbed.HostIPv6} {
				if address != testbed.HostOffice || client == t.Office {
					add(client, d.network, net.JoinHostPort(address, d.port))
				}
			}
		}
	}
	for _, client := range []*testbed.Station{t.Neighbour, t.Annex} {
		for _, d := range own {
			add(client, d.network, d.address)
		}
	}
	return all
}
