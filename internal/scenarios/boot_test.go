package scenarios

import (
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/testbed"
)

// A machine comes up: its kernel is empty, and the gate is restored before dockerd makes its networks and starts its
// containers. A client that dials the published port every 5 ms from before the first packet could pass never connects.
// Without the restore it does: dockerd and the container come up the same way.
func TestBoot(t *testing.T) {
	apart(t, plain, func(s *scene) {
		web := s.web("web", "8080:80")
		s.apply(closedPolicy)
		s.down()
		var settled time.Duration
		got := s.probed(func() error {
			err := s.up(web)
			settled = s.soon("without dockwall", open("web", tcp(s.bed.Internet, "203.0.113.10:8080"))[0])
			return err
		})
		if len(got.ipv4.Connects) == 0 || len(got.ipv6.Connects) == 0 {
			s.Fatalf("without dockwall the port is open, and the probes do not see it: %s", got)
		}
		s.down()
		s.succeed("restore")
		got = s.probed(func() error {
			defer time.Sleep(2 * settled) // nothing is waited for: the probes are to have their chance
			return s.up(web)
		})
		if got.connects() != 0 {
			s.Errorf("the refused port was open on the way up: %s", got)
		}
		s.Logf("on the way up: %s", got)
		s.expect("after the start", refused(s.both(s.bed.Internet, "8080/tcp")...))
		s.succeed("apply", "--yes") // on what was restored
	})
}

// down stops the engine and empties the kernel, as a restart of the machine does.
func (s *scene) down() {
	s.Helper()
	s.must(s.bed.Engine.Stop(s.Context()))
	s.must(run("sh", "-c", "nft flush ruleset; ipset destroy")(s))
}

// up starts the engine and the container.
func (s *scene) up(web *testbed.Running) error {
	if err := s.bed.Engine.Start(s.Context()); err != nil {
		return err
	}
	return web.Start(s.Context())
}
