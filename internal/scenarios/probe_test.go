package scenarios

import (
	"encoding/json"
	"strings"
	"testing"
)

// verify --probe dials the real engine's ports, and agrees with the rules; where something that no rule says drops the
// packets, it says so.
func TestProbe(t *testing.T) { everywhere(t, plain, (*scene).dialsForReal) }

func (s *scene) dialsForReal() {
	s.web("open", "8123:80")
	s.web("closed", "7777:80")
	s.web("idle", "9000:81")
	s.apply("ingress: [allow 8123/tcp from any, allow 9000/tcp]\n")
	var report struct {
		Proven bool
		Probe  struct {
			Dials []struct{ Name, Rules, Got, Verdict string }
		}
	}
	s.must(json.Unmarshal([]byte(s.succeed("verify", "--probe", "--json")), &report))
	seen := map[string]int{}
	for _, d := range report.Probe.Dials {
		seen[d.Name+", rules: "+d.Rules+", got: "+d.Got+": "+d.Verdict]++
	}
	s.Logf("proven %v, dialled: %v", report.Proven, seen)
	for _, want := range []string{"open, rules: reaches, got: connected: as the rules say",
		"closed, rules: refused, got: refused: as the rules say", "idle, rules: reaches, got: refused: tells nothing"} {
		if seen[want] == 0 {
			s.Errorf("no dial: %s", want)
		}
	}
	if _, err := s.bed.Host.Run(s.Context(), "ip", "link", "show", "dockwall-probe"); err == nil {
		s.Error("the probe's link is still there")
	}
	s.must(run("ip", "rule", "add", "from", "198.18.0.0/15", "blackhole")(s))
	s.Cleanup(func() { s.must(run("ip", "rule", "del", "from", "198.18.0.0/15", "blackhole")(s)) })
	result := s.dockwall("verify", "--probe")
	if result.Exit != 10 || !strings.Contains(result.Stdout, "otherwise: ") || !strings.Contains(result.Stdout, "and the dial got: no answer") {
		s.Errorf("with a rule of the routing that drops: exit %d\n%s%s", result.Exit, result.Stdout, result.Stderr)
	}
}
