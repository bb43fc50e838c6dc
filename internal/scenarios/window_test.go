package scenarios

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/testbed"
)

// live keeps containers running while dockerd is away.
var live = profile{name: "live", flags: []string{"--live-restore"}}

// event is something that happens to the host while a client dials a refused port.
type event struct {
	name string
	do   func(s *scene) error
}

// A client dials a refused port every 5 ms, over both families, while Docker and others work on the host's rules. With
// the nftables backend it never connects. What the iptables backend lets through is measured and printed.
func TestNeverOpenWithLiveRestore(t *testing.T) {
	apart(t, live, func(s *scene) {
		s.web("web", "8080:80")
		s.neverOpen([]event{
			{"docker network create", (*scene).createNetworks},
			{"another apply", (*scene).applyTenTimes},
			{"dockerd restart", func(s *scene) error { return s.bed.Engine.Restart(s.Context()) }},
			{"dockerd killed and started", func(s *scene) error {
				s.must(s.bed.Engine.Kill(s.Context()))
				return s.bed.Engine.Start(s.Context())
			}},
			{"iptables -F DOCKER-USER", run("iptables", "-F", "DOCKER-USER")},
			{"iptables -t nat -F", run("iptables", "-t", "nat", "-F")},
		})
	})
}

// The same without live-restore: the container stops with dockerd, and is started again.
func TestNeverOpenWithoutLiveRestore(t *testing.T) {
	apart(t, plain, func(s *scene) {
		web := s.web("web", "8080:80")
		s.neverOpen([]event{{"dockerd restart, container start", func(s *scene) error {
			s.must(s.bed.Engine.Restart(s.Context()))
			return web.Start(s.Context())
		}}})
	})
}

const closedPolicy = "ingress: [allow 22/tcp]\n"

func (s *scene) neverOpen(events []event) {
	if got := s.probed(func() error { return nil }); connects(got) == 0 {
		s.Fatalf("the port is open, and the probe does not see it: %v", got)
	}
	for _, e := range events {
		s.apply(closedPolicy)
		got := s.probed(func() error { return e.do(s) })
		switch {
		case connects(got) == 0:
			s.Logf("%s: never connected: %v", e.name, got)
		case s.backend == "nftables":
			s.Errorf("%s: the refused port was open: %v", e.name, got)
		default:
			s.Logf("%s: what the iptables backend cannot hold: %v", e.name, got)
		}
	}
	s.apply(closedPolicy)
	s.expect("with the next apply", refused(s.both(s.bed.Internet, "8080/tcp")...))
}

// probed dials the port over both families while f runs, and until things are quiet again.
func (s *scene) probed(f func() error) map[string]testbed.ProbeResult {
	s.Helper()
	probes := map[string]*testbed.Probe{}
	for family, address := range map[string]string{"IPv4": "203.0.113.10:8080", "IPv6": "[2001:db8::10]:8080"} {
		probe, err := s.bed.Internet.Probe(s.Context(), address, 5*time.Millisecond)
		s.must(err)
		probes[family] = probe
	}
	s.must(f())
	time.Sleep(200 * time.Millisecond) // nothing is waited for: the probes are to have their chance
	results := map[string]testbed.ProbeResult{}
	for family, probe := range probes {
		result, err := probe.Stop()
		s.must(err)
		results[family] = result
	}
	return results
}

func connects(results map[string]testbed.ProbeResult) int {
	sum := 0
	for _, r := range results {
		sum += len(r.Connects)
	}
	return sum
}

func run(name string, args ...string) func(s *scene) error {
	return func(s *scene) error {
		_, err := s.bed.Host.Run(context.WithoutCancel(s.Context()), name, args...)
		return err
	}
}

func (s *scene) createNetworks() error {
	for i := range 5 {
		name := fmt.Sprintf("net%d", i)
		if err := s.bed.Engine.CreateNetwork(s.Context(), testbed.Network{Name: name}); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) applyTenTimes() error {
	for i := range 10 {
		s.apply(fmt.Sprintf("ingress: [allow %d/tcp, deny 8080/tcp from 192.0.2.0/24]\n", 100+i))
	}
	return nil
}
