package access

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/randworld"
)

// TestWhoMeansThePolicy: for random policies, hosts and conversations, a published port that is said to be for nobody
// refuses, and one that is for any allows.
func TestWhoMeansThePolicy(t *testing.T) {
	said := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := randworld.Hosts().Draw(t, "host")
		p, problems := policy.Parse("policy.yaml", []byte(randworld.Policies().Draw(t, "policy")))
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		p, _ = p.WithLabels(h)
		for range 20 {
			c := randworld.Conversations(h).Draw(t, "conversation")
			d := policy.Decide(p, h, c)
			if d.Target == nil || d.Target.Publication == nil || c.Destination.IsLoopback() {
				continue
			}
			reached := publicationOf(h, d.Target, c)
			who := Policy{Policy: p}.Who(reached, h)
			said[who]++
			if who == nobody && d.Allowed || who == anyone && !d.Allowed {
				t.Fatalf("%s is for %s, but allowed is %v: %s (%+v)", reached, who, d.Allowed, d.Reason, c)
			}
		}
	})
	if said[nobody] == 0 || said[anyone] == 0 || len(said) < 3 {
		t.Errorf("the worlds are too poor: %v", said)
	}
}

// publicationOf is the publication that a conversation reached.
func publicationOf(h *host.Host, t *host.Target, c policy.Conversation) Publication {
	all := Publications(h)
	return all[slices.IndexFunc(all, func(p Publication) bool {
		return p.Container == t.Container && p.Protocol == c.Protocol && p.Port == c.Port && p.ContainerPort == t.Port
	})]
}
