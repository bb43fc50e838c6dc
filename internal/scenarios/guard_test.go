package scenarios

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/testbed"
)

// guardPatience is how long a guard may take on a busy machine before the scenario gives up.
const guardPatience = time.Minute

// guarded runs `dockwall run` with the scene's policy until the end of the run. Its log is printed where the run fails.
func (s *scene) guarded() {
	s.Helper()
	ctx, cancel := context.WithCancel(background)
	ended := make(chan string)
	go func() {
		result, err := s.bed.Dockwall(ctx, lab.dockwall, "run", "--metrics-socket=", "--policy", s.policy, "--backend", s.backend)
		ended <- fmt.Sprint(result.Stderr, err)
	}()
	s.Cleanup(func() {
		cancel()
		if log := <-ended; s.Failed() {
			s.Logf("the guard's log:\n%s", log)
		}
	})
}

// soon waits until a dial ends as wanted, and gives how long that took.
func (s *scene) soon(what string, w want) time.Duration {
	s.Helper()
	begun := time.Now()
	for {
		answer := w.answer(s.Context())
		took := time.Since(begun)
		if w.satisfied(answer) {
			s.Logf("%s: %s: %s, after %d ms", what, w.dial, answer, took.Milliseconds())
			return took
		}
		if took > guardPatience {
			s.Fatalf("%s: %s: %s, want %s", what, w.dial, answer, w)
		}
		time.Sleep(time.Millisecond)
	}
}

// soonProven waits until the rules do what the policy means on the host as it is: the guard may be a round behind containers
// that came or went, and verify looks at both.
func (s *scene) soonProven() {
	s.Helper()
	begun := time.Now()
	for {
		result := s.dockwall("verify")
		if result.Exit == 0 {
			s.Logf("proven after %d ms", time.Since(begun).Milliseconds())
			return
		}
		if time.Since(begun) > guardPatience {
			s.Fatalf("dockwall verify: exit %d\n%s%s", result.Exit, result.Stdout, result.Stderr)
		}
	}
}

// With the guard, nobody applies anything: a label opens its container's port, and a port that only docker-proxy serves,
// published after the last apply, is closed.
func TestGuardFollowsContainers(t *testing.T) {
	apart(t, plain, func(s *scene) {
		s.apply("sets: {office: [192.168.0.0/24]}\nlabels: {within: office}\ningress: [allow 9000/tcp from office]\n")
		s.guarded()
		labelled := s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp"}, Publish: []string{"8080:80"},
			Labels: map[string]string{"dockwall.allow": "8080/tcp from any"}})
		s.soon("a label", open("web", tcp(s.bed.Office, "192.168.0.1:8080"))[0])
		s.expect("a label within office", refused(tcp(s.bed.Internet, "203.0.113.10:8080")))
		s.soon("docker-proxy over IPv6", refused(tcp(s.bed.Internet, "[2001:db8::10]:8080"))[0])
		s.must(s.bed.Engine.Restart(s.Context()))
		s.must(labelled.Start(s.Context()))
		s.soon("after dockerd's restart", open("web", tcp(s.bed.Office, "192.168.0.1:8080"))[0])
		s.expect("after dockerd's restart", refused(s.v4(s.bed.Internet, "8080/tcp")...))
		s.soon("docker-proxy after dockerd's restart", refused(tcp(s.bed.Internet, "[2001:db8::10]:8080"))[0])
	})
}

// A client dials a refused port every 5 ms while others take dockwall's rules away. How long it was open is printed.
func TestGuardPutsBack(t *testing.T) {
	apart(t, live, func(s *scene) {
		s.web("web", "8080:80")
		s.apply(closedPolicy)
		s.guarded()
		destroy := map[string][]string{
			"nftables": {"nft delete table inet dockwall", "nft flush ruleset"},
			"iptables": {"iptables -F DOCKER-USER", "iptables -F", "iptables -t nat -F"},
		}
		for _, command := range destroy[s.backend] {
			got := s.probed(func() error { return run("sh", "-c", command)(s) })
			s.Logf("%s: connected before the repair: %s", command, got)
			s.soon(command, refused(tcp(s.bed.Internet, "203.0.113.10:8080"))[0])
			s.soon(command, refused(tcp(s.bed.Internet, "[2001:db8::10]:8080"))[0])
			s.must(s.bed.Engine.Restart(s.Context())) // Docker makes its own rules anew
			s.soon(command, refused(tcp(s.bed.Internet, "203.0.113.10:8080"))[0])
		}
	})
}
