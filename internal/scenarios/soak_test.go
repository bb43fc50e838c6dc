package scenarios

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

// soak is how long random faults go on; without it the test is skipped.
var soak = flag.Duration("soak", 0, "how long random faults and applies go on, for each engine and backend in turn")

// Random faults for as long as -soak says, and many applies: the policy is true at the end, and no chain or set is left.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("only with -soak, as `make soak` has it: skipped")
	}
	apart(t, live, func(s *scene) {
		s.web("web", "8080:80")
		s.web("talker", "9090:80")
		s.apply(talkPolicy(0))
		s.guarded()
		before := s.objects()
		faults := append(rivals[:len(rivals):len(rivals)], engineFaults...)
		applies, unhappy := 0, 0
		for end := time.Now().Add(*soak); time.Now().Before(end) && !s.Failed(); applies += 10 {
			for n := range 10 {
				if result := s.dockwall(s.applyNext(n)[:2]...); result.Exit != 0 { // the guard may be faster, or Docker's rules away
					unhappy++
					s.Logf("apply: exit %d: %s", result.Exit, result.Stderr)
				}
			}
			s.suffer(faults[rand.IntN(len(faults))])
		}
		s.apply(talkPolicy(0))
		s.soonProven()
		if after := s.objects(); after != before {
			s.Errorf("chains and sets before:\n%s\nafter %d applies:\n%s", before, applies, after)
		}
		s.Logf("%d applies, of which %d did not end well", applies, unhappy)
	})
}

// objects is how many chains and sets of ours there are.
func (s *scene) objects() string {
	s.Helper()
	text, err := s.bed.Host.Run(s.Context(), "sh", "-c",
		"nft list ruleset | grep -ciE 'chain (dockwall|[a-z]+4|[a-z]+6|about)'; nft list ruleset | grep -c '^.set '; ipset list -name | wc -l")
	s.must(err)
	return text
}
