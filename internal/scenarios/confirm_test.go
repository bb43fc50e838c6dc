package scenarios

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// quietly puts a wall before the real one that tells nobody: the machine's people have nothing to do with scenarios.
func quietly(directory string) error {
	if err := os.WriteFile(filepath.Join(directory, "wall"), []byte("#!/bin/sh\nexec cat >/dev/null\n"), 0o755); err != nil {
		return err
	}
	return os.Setenv("PATH", directory+":"+os.Getenv("PATH"))
}

// A change opens a port and is not confirmed; the dockwall that made it is killed. A client from the internet that dials
// every 5 ms connects meanwhile, and no longer when the time is over. When it did last is printed.
func TestUnconfirmedChangeGoesBack(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.web("web", "8080:80")
		s.apply(closedPolicy)
		s.must(os.WriteFile(s.policy, []byte("version: 1\ningress: [allow 8080/tcp from any]\n"), 0o600))
		var until time.Time
		got := s.probed(func() error {
			until = s.probation("15s")
			for _, w := range refused(s.both(s.bed.Internet, "8080/tcp")...) { // iptables has a transaction for each family
				s.soon("not confirmed", w)
			}
			s.expect("not confirmed", refused(s.both(s.bed.Internet, "8080/tcp")...))
			return nil
		})
		if len(got.ipv4.Connects) == 0 || len(got.ipv6.Connects) == 0 {
			s.Fatalf("on probation the port is open, and the probes do not see it: %s", got)
		}
		for family, connects := range map[string][]time.Time{"IPv4": got.ipv4.Connects, "IPv6": got.ipv6.Connects} {
			s.Logf("over %s the last connection was %d ms after the deadline", family, connects[len(connects)-1].Sub(until).Milliseconds())
		}
	})
}

// probation applies the scene's policy until it is open, kills the dockwall that does it, if that is not done yet, and gives
// the deadline.
func (s *scene) probation(within string) time.Time {
	s.Helper()
	ctx, kill := context.WithCancel(s.Context())
	ended := make(chan error)
	go func() {
		_, err := s.bed.Dockwall(ctx, lab.dockwall, "apply", "--yes", "--confirm", within, "--policy", s.policy, "--backend", s.backend)
		ended <- err
	}()
	s.soon("on probation", open("web", tcp(s.bed.Internet, "203.0.113.10:8080"))[0])
	s.soon("on probation", open("web", tcp(s.bed.Internet, "[2001:db8::10]:8080"))[0])
	kill()
	<-ended // that it was killed, or done, is the same here
	var status struct {
		Unconfirmed struct{ Until time.Time }
	}
	result, err := s.bed.Dockwall(s.Context(), lab.dockwall, "status", "--json", "--policy", s.policy, "--backend", s.backend)
	s.must(err) // its exit code hangs on what the killed one had come to
	s.must(json.Unmarshal([]byte(result.Stdout), &status))
	return status.Unconfirmed.Until
}
