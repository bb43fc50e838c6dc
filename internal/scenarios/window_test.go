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

// event is something that happens to the host while a client dials a refused port. What stands in DOCKER-USER cannot
// hold through all of them; where it must, always is set.
type event struct {
	name   string
	always bool
	do     func(s *scene) error
}

// A client dials a refused port every 5 ms, over both families, while Docker and others work on the host's rules. With
// the nftables backend it never connects. What the iptables backend lets through is measured and printed.
func TestNeverOpenWithLiveRestore(t *testing.T) {
	apart(t, live, func(s *scene) {
		s.web("web", "8080:80")
		s.neverOpen([]event{
			{"docker network create", false, (*scene).createNetworks},
			{"another apply", true, (*scene).applyTenTimes},
			{"dockerd restart", false, func(s *scene) error { return s.bed.Engine.Restart(s.Context()) }},
			{"dockerd killed and started", false, func(s *scene) error {
				s.must(s.bed.Engine.Kill(s.Context()))
				return s.bed.Engine.Start(s.Context())
			}},
			{"iptables -F DOCKER-USER", false, run("iptables", "-F", "DOCKER-USER")},
			{"iptables -t nat -F", true, run("iptables", "-t", "nat", "-F")},
		})
	})
}

// The same without live-restore: the container stops with dockerd, and is started again.
func TestNeverOpenWithoutLiveRestore(t *testing.T) {
	apart(t, plain, func(s *scene) {
		web := s.web("web", "8080:80")
		s.neverOpen([]event{{"dockerd restart, container start", false, func(s *scene) error {
			s.must(s.bed.Engine.Restart(s.Context()))
			return web.Start(s.Context())
		}}})
	})
}

const closedPolicy = "ingress: [allow 22/tcp]\n"

func (s *scene) neverOpen(events []event) {
	if got := s.probed(func() error { return nil }); got.connects() == 0 {
		s.Fatalf("the port is open, and the probes do not see it: %s", got)
	}
	for _, e := range events {
		s.apply(closedPolicy)
		got := s.probed(func() error { return e.do(s) })
		switch {
		case got.connects() == 0:
			s.Logf("%s: never connected: %s", e.name, got)
		case s.backend == "nftables" || e.always || len(got.ipv6.Connects) > 0:
			s.Errorf("%s: the refused port was open: %s", e.name, got)
		default:
			s.Logf("%s: what the iptables backend cannot hold: %s", e.name, got)
		}
	}
	s.apply(closedPolicy)
	s.expect("with the next apply", refused(s.both(s.bed.Internet, "8080/tcp")...))
}

// probes is what two probes counted. Over IPv6 the port is docker-proxy's, which DOCKER-USER does not see.
type probes struct{ ipv4, ipv6 testbed.ProbeResult }

func (p probes) connects() int { return len(p.ipv4.Connects) + len(p.ipv6.Connects) }

func (p probes) String() string { return fmt.Sprintf("IPv4: %s; IPv6: %s", p.ipv4, p.ipv6) }

// probed dials the port over both families while f runs, and a little longer.
func (s *scene) probed(f func() error) (got probes) {
	s.Helper()
	ipv4, err := s.bed.Internet.Probe(s.Context(), "203.0.113.10:8080", 5*time.Millisecond)
	s.must(err)
	ipv6, err := s.bed.Internet.Probe(s.Context(), "[2001:db8::10]:8080", 5*time.Millisecond)
	s.must(err)
	s.must(f())
	time.Sleep(200 * time.Millisecond) // nothing is waited for: the probes are to have their chance
	got.ipv4, err = ipv4.Stop()
	s.must(err)
	got.ipv6, err = ipv6.Stop()
	s.must(err)
	return got
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
