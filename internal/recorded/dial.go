package recorded

import (
	"context"
	"net"
	"strings"
	"sync"

	"github.com/dockwall/dockwall/internal/testbed"
)

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
