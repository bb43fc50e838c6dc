package imports

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// TestConntrackForms has the six ways to drop a published port by conntrack's original tuple. Measured is what each
// does to a container that connects out to port 9443 of another machine: cut at its first packet, cut at the answers,
// or left alone. What cuts the first packet is an egress sentence; what cuts the answers is said, for the policy never
// does.
func TestConntrackForms(t *testing.T) {
	const saysAnswers = "The chain refuses answers to what containers ask outside"
	for _, test := range []struct {
		match           string
		refused, broken bool // the published port; the container's own conversation, by its first packet
		says            string
	}{
		{"-m conntrack --ctorigdstport 9443", true, true, saysAnswers},
		{"-m conntrack --ctorigdstport 9443 --ctdir ORIGINAL", true, true, ""},
		{"-m conntrack --ctorigdstport 9443 --ctdir REPLY", false, false, saysAnswers},
		{"-i eth0 -m conntrack --ctorigdstport 9443", true, false, saysAnswers},
		{"-i eth0 -m conntrack --ctorigdstport 9443 --ctdir ORIGINAL", true, false, ""},
		{"-m conntrack --ctstate DNAT --ctorigdstport 9443", true, false, ""},
	} {
		t.Run(test.match, func(t *testing.T) {
			h := model()
			h.Containers[0].Publications = append(h.Containers[0].Publications, both(host.TCP, 9443, 443)...)
			p, text := imported(t, "-A DOCKER-USER -p tcp "+test.match+" -j DROP", h)
			client, address := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("203.0.113.10")
			in := policy.Decide(p, h, policy.Conversation{In: "eth0", Source: client, Destination: address,
				Protocol: host.TCP, Port: 9443})
			out := policy.Decide(p, h, policy.Conversation{In: "docker0", Out: "eth0", Source: netip.MustParseAddr("172.17.0.2"),
				Destination: client, Protocol: host.TCP, Port: 9443})
			if in.Allowed == test.refused || out.Allowed == test.broken {
				t.Errorf("published: %v, container's own: %v\n%s", in, out, text)
			}
			if strings.Contains(text, saysAnswers) != (test.says != "") {
				t.Errorf("want %q:\n%s", test.says, text)
			}
		})
	}
}

// imported is the policy of a chain, and its text.
func imported(t *testing.T, text string, h *host.Host) (*policy.Policy, string) {
	t.Helper()
	r, err := Import(text, h)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Parse("imported", []byte(r.Policy))
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	return p, r.Policy
}
