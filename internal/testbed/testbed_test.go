package testbed

import (
	"context"
	"testing"

	"github.com/dockwall/dockwall/internal/netlab"
)

// Without a firewall, what Docker publishes is open from everywhere, over both families: what dockwall is for.
func TestPublishedPortsAreOpen(t *testing.T) {
	netlab.Need(t)
	for _, suite := range Suites {
		t.Run(suite, func(t *testing.T) {
			ctx := context.Background()
			bed, err := New(ctx, Options{Engine: EngineOptions{Suite: suite}})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := bed.Close(); err != nil {
					t.Error(err)
				}
			}()
			_, err = bed.Engine.RunContainer(ctx, Container{Name: "nginx", Listen: []string{"80/tcp", "53/udp"},
				Publish: []string{"7777:80", "53:53/udp"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, dial := range []struct {
				from             *Station
				network, address string
			}{
				{bed.Office, "tcp", "192.168.0.1:7777"},
				{bed.Internet, "tcp", "203.0.113.10:7777"},
				{bed.Neighbour, "tcp", "203.0.113.11:7777"},
				{bed.Internet, "udp", "203.0.113.10:53"},
				{bed.Office, "tcp", "[2001:db8::10]:7777"},
				{bed.Internet, "tcp", "[2001:db8::10]:7777"},
				{bed.Office, "tcp", "[fe80::10%eth0]:7777"},
			} {
				got := dial.from.Dial(ctx, dial.network, dial.address)
				t.Logf("%s -> %s %s: %s", dial.from.Name, dial.network, dial.address, got)
				if got.Outcome != Open || got.Reply.Server != "nginx" {
					t.Errorf("%s dialling %s: %s", dial.from.Name, dial.address, got)
				}
			}
		})
	}
}
