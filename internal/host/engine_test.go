package host_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/client"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/testbed"
)

// What Collect says of real engines with containers in every network mode, and with both iptables.
func TestCollectRealEngine(t *testing.T) {
	netlab.Need(t)
	for _, test := range []struct {
		suite, version, variant string
		engine                  testbed.EngineOptions
	}{
		{"bookworm", "20.10", "nft", testbed.EngineOptions{}},
		{"trixie", "26.1", "legacy", testbed.EngineOptions{Legacy: true, Flags: []string{"--userland-proxy=false"}}},
	} {
		t.Run(test.version, func(t *testing.T) {
			test.engine.Suite = test.suite
			bed := startedBed(t, test.engine)
			s := snapshotIn(t, bed)
			if got := s.Host.Engine.Version; !strings.HasPrefix(got, test.version) || s.Host.Iptables != test.variant {
				t.Errorf("engine %s with iptables %q, want %s with %s", got, s.Host.Iptables, test.version, test.variant)
			}
			checkInventory(t, s.Host, test.variant == "nft")
			rules := map[string]string{"nft": s.Rules.IPTables, "legacy": s.Rules.IPTablesLegacy}[test.variant]
			if !strings.Contains(rules, "--dport 7777 -j DNAT") {
				t.Errorf("the snapshot lacks Docker's DNAT rule; its rules are:\n%s", rules)
			}
		})
	}
}

func startedBed(t *testing.T, o testbed.EngineOptions) *testbed.Testbed {
	t.Helper()
	ctx := t.Context()
	bed, err := testbed.New(ctx, testbed.Options{Engine: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bed.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, n := range []testbed.Network{
		{Name: "front", Subnets: []string{"172.30.0.0/24", "fd30::/64"},
			Options: map[string]string{"com.docker.network.bridge.name": "shop0"}},
		{Name: "back", Subnets: []string{"172.31.0.0/24"}, Internal: true},
	} {
		if err := bed.Engine.CreateNetwork(ctx, n); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []testbed.Container{
		{Name: "web", Listen: []string{"80/tcp"},
			Publish: []string{"7777:80", "127.0.0.1:53:53/udp", "192.168.0.1:8443:443"}},
		{Name: "side", Listen: []string{"81/tcp"}, Networks: []string{"container:web"}},
		{Name: "hostnet", Listen: []string{"9999/tcp"}, Networks: []string{"host"}},
		{Name: "dual", Listen: []string{"80/tcp"}, Publish: []string{"[2001:db8::10]:80:80"},
			Networks: []string{"front", "back"}, IPv4: "172.30.0.7", IPv6: "fd30::7"},
		{Name: "gone", Listen: []string{"80/tcp"}, Publish: []string{"7000:80"}},
	} {
		running, err := bed.Engine.RunContainer(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		if c.Name == "gone" {
			if err := running.Stop(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	pause(t, bed.Engine.Client, "dual")
	return bed
}

// pause pauses a container until the end of the test: the processes of a paused one cannot be ended.
func pause(t *testing.T, engine *client.Client, name string) {
	t.Helper()
	if _, err := engine.ContainerPause(t.Context(), name, client.ContainerPauseOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := engine.ContainerUnpause(context.Background(), name, client.ContainerUnpauseOptions{}); err != nil {
			t.Error(err)
		}
	})
}

func snapshotIn(t *testing.T, bed *testbed.Testbed) (s *host.Snapshot) {
	t.Helper()
	err := bed.Host.Do(func() (err error) {
		s, err = host.TakeSnapshot(context.Background(), host.Options{DockerHost: bed.Engine.DockerHost()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkInventory looks at all that startedBed made. Without docker-proxy nothing is published over IPv6 there.
func checkInventory(t *testing.T, h *host.Host, proxied bool) {
	t.Helper()
	web6 := ""
	if proxied {
		web6 = "tcp :::7777->80; "
	}
	want := []string{
		"dual: running; on back 172.31.0.2 invalid IP; on front 172.30.0.7 fd30::7; tcp 2001:db8::10:80->80",
		"gone: stopped; on bridge invalid IP invalid IP",
		"hostnet: running; host's network; on host invalid IP invalid IP",
		"side: running; of web",
		"web: running; on bridge 172.17.0.2 invalid IP; tcp 0.0.0.0:7777->80; " + web6 +
			"tcp 192.168.0.1:8443->443; udp 127.0.0.1:53->53",
	}
	var got []string
	for i := range h.Containers {
		got = append(got, inWords(h, &h.Containers[i]))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("containers (-want +got):\n%s", diff)
	}
	for _, c := range h.Containers {
		for _, p := range c.Publications {
			if !p.Proxied && proxied {
				t.Errorf("%s %s:%d: nobody is seen to listen there", c.Name, p.HostAddress, p.HostPort)
			}
		}
	}
	bridges := h.Bridges()
	if !slices.Contains(bridges, "docker0") || !slices.Contains(bridges, "shop0") || len(bridges) != 3 {
		t.Errorf("bridges %v, want docker0, shop0 and that of network back", bridges)
	}
	if len(h.Warnings) != 1 || !strings.Contains(h.Warnings[0], "hostnet") {
		t.Errorf("warnings %q, want one about hostnet", h.Warnings)
	}
}

func inWords(h *host.Host, c *host.Container) string {
	words := []string{map[bool]string{true: "running", false: "stopped"}[c.Running]}
	if c.HostNetwork {
		words = append(words, "host's network")
	}
	if owner := h.Owner(c); owner != c && owner != nil {
		words = append(words, "of "+owner.Name)
	}
	for _, e := range c.Endpoints {
		words = append(words, fmt.Sprintf("on %s %s %s", e.Network, e.IPv4, e.IPv6))
	}
	for _, p := range c.Publications {
		words = append(words, fmt.Sprintf("%s %s:%d->%d", p.Protocol, p.HostAddress, p.HostPort, p.ContainerPort))
	}
	return c.Name + ": " + strings.Join(words, "; ")
}
