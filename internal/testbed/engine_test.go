package testbed

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/moby/moby/client"

	"github.com/dockwall/dockwall/internal/netlab"
)

func newTestbed(t *testing.T, o EngineOptions) *Testbed {
	t.Helper()
	netlab.Need(t)
	bed, err := New(t.Context(), Options{Engine: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bed.Close(); err != nil {
			t.Error(err)
		}
	})
	return bed
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// With live-restore a container, and a conversation with it, outlive dockerd: stopped, killed or restarted.
func TestContainersOutliveDockerd(t *testing.T) {
	bed := newTestbed(t, EngineOptions{Flags: []string{"--live-restore"}})
	ctx := t.Context()
	web := Container{Name: "web", Listen: []string{"80/tcp"}, Publish: []string{"8080:80"}}
	_, err := bed.Engine.RunContainer(ctx, web)
	must(t, err)
	conversation, err := bed.Internet.Converse(ctx, "tcp", "203.0.113.10:8080")
	must(t, err)
	defer conversation.Close()
	for name, end := range map[string]func(context.Context) error{"stop": bed.Engine.Stop, "kill": bed.Engine.Kill} {
		must(t, end(ctx))
		if err := conversation.Exchange(patience); err != nil {
			t.Errorf("%s: without dockerd: %v", name, err)
		}
		must(t, bed.Engine.Start(ctx))
		if got := bed.Internet.Dial(ctx, "tcp", "203.0.113.10:8080"); got.Outcome != Open {
			t.Errorf("%s: with dockerd again: %s", name, got)
		}
	}
	if err := conversation.Exchange(patience); err != nil {
		t.Error(err)
	}
}

// The machine has nothing of a closed testbed, and nothing of one whose process died after the next sweep.
func TestNothingIsLeft(t *testing.T) {
	bed := newTestbed(t, EngineOptions{})
	web, err := bed.Engine.RunContainer(t.Context(), Container{Name: "web", Listen: []string{"80/tcp"}})
	must(t, err)
	_, err = bed.Engine.Client.ContainerPause(t.Context(), web.ID, client.ContainerPauseOptions{})
	must(t, err) // a kill does not end a frozen process
	cgroups := tracesInCgroups(t, bed.Name)
	if len(cgroups) == 0 {
		t.Fatal("the container has no cgroup where clean-up looks for it")
	}
	must(t, bed.Engine.close()) // what the kernel does when the process dies
	bed.layout.close()
	bed.lock.Close()
	must(t, Sweep())
	if left := tracesInCgroups(t, bed.Name); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(bed.directory()); !os.IsNotExist(err) {
		t.Errorf("%s is left behind", bed.directory())
	}
}

func tracesInCgroups(t *testing.T, name string) []string {
	t.Helper()
	mounts, err := cgroupMounts()
	must(t, err)
	var found []string
	for _, mount := range mounts {
		matches, err := filepath.Glob(filepath.Join(mount, "dockwall-"+name))
		must(t, err)
		found = append(found, matches...)
	}
	return found
}

// A refused port is told from a silent one, and the probe sees a port open the moment it is.
func TestWhatClientsSee(t *testing.T) {
	bed := newTestbed(t, EngineOptions{Legacy: true})
	ctx := t.Context()
	if got := bed.Office.Dial(ctx, "tcp", "192.168.0.1:9"); got.Outcome != Refused {
		t.Errorf("a closed port: %s", got)
	}
	if got := bed.Office.Dial(ctx, "udp", "192.168.0.1:9"); got.Outcome != Refused {
		t.Errorf("a closed UDP port: %s", got)
	}
	if got := bed.Internet.Dial(ctx, "tcp", "198.51.100.99:9"); got.Outcome != Unreachable && got.Outcome != Silent {
		t.Errorf("nobody's address: %s", got)
	}
	rules, err := bed.Host.Run(ctx, "iptables-legacy-save")
	must(t, err)
	if len(rules) == 0 {
		t.Error("the engine was to use iptables-legacy, which has no rules")
	}
	probe, err := bed.Internet.Probe(ctx, "203.0.113.10:8080", 5e6)
	must(t, err)
	web := Container{Name: "web", Listen: []string{"80/tcp"}, Publish: []string{"8080:80"}}
	_, err = bed.Engine.RunContainer(ctx, web)
	must(t, err)
	if got := bed.Internet.Dial(ctx, "tcp", "203.0.113.10:8080"); got.Outcome != Open {
		t.Errorf("published: %s", got)
	}
	result, err := probe.Stop()
	must(t, err)
	t.Log(result)
	if result.Refused == 0 || len(result.Connects) == 0 {
		t.Errorf("the port was closed, then open; the probe saw %s", result)
	}
}
