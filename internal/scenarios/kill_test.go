package scenarios

import (
	"flag"
	"testing"
)

// everyStep makes the tests of kills try every write in place of a sample.
var everyStep = flag.Bool("faults.every", false, "kill dockwall before every single write, not before a sample")

// sampledKills is how many of an apply's writes are sampled.
const sampledKills = 12

// dockwall is killed at every step of an apply (a sample, without -faults.every). Whenever that is, the host is under the old
// policy or the new one, a refused port never connects, an allowed conversation goes on, the history can be read, and the
// next apply works.
func TestKilledAtEveryStep(t *testing.T) {
	everywhere(t, live, func(s *scene) {
		s.web("web", "8080:80")
		s.web("talker", "9090:80")
		s.apply(talkPolicy(0))
		whole, err := s.bed.DockwallKilled(s.Context(), 0, lab.dockwall, s.applyNext(1)...)
		s.must(err)
		ended := map[string]int{}
		got := s.accompanied(func() error {
			step := max(1, whole.Writes/sampledKills)
			if *everyStep {
				step = 1
			}
			for i, n := 1, 1; n <= whole.Writes; i, n = i+1, n+step {
				ended[s.killed(n, i)]++
			}
			return nil
		})
		s.Logf("an apply of %d writes; after a kill: %v; %s", whole.Writes, ended, got)
		if got.connects() > 0 || got.cuts(false) > 0 {
			s.Errorf("while dockwall was killed again and again: %s", got)
		}
		s.succeed("verify")
	})
}

// applyNext writes the next policy, and gives the arguments to apply it.
func (s *scene) applyNext(number int) []string {
	s.Helper()
	s.writePolicy(talkPolicy(number))
	return []string{"apply", "--yes", "--policy", s.policy, "--backend", s.backend}
}

// killed kills the apply of a policy's successor before its nth write, and says under which policy the host then is. The next
// apply works.
func (s *scene) killed(n, policy int) string {
	s.Helper()
	step, err := s.bed.DockwallKilled(s.Context(), n, lab.dockwall, s.applyNext(policy+1)...)
	s.must(err)
	s.succeed("history")
	under := s.under(talkPolicy(policy), talkPolicy(policy+1))
	if under == "a mixture" {
		s.Errorf("killed before write %d (%s): the host is under neither the old policy nor the new one", n, step.Before)
	}
	s.succeed("apply", "--yes")
	if step.Before == "" {
		return under + ", and it had come to its end"
	}
	return under
}

// under says which of two policies is in force.
func (s *scene) under(old, new string) string {
	s.Helper()
	for _, p := range []struct{ name, policy string }{{"the old policy", old}, {"the new policy", new}} {
		s.writePolicy(p.policy)
		if s.dockwall("plan").Exit == 0 { // there is nothing to change
			s.writePolicy(new)
			return p.name
		}
	}
	return "a mixture"
}
