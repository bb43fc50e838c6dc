package randworld

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

func TestPoliciesParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := Policies().Draw(t, "policy")
		p, problems := policy.Parse("policy.yaml", []byte(text))
		if err := problems.Err(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if _, problems := p.WithLabels(Hosts().Draw(t, "host")); problems.Err() != nil {
			t.Fatal(problems)
		}
	})
}

// TestOneTarget: a port leads to one container, as engines see to.
func TestOneTarget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Hosts().Draw(t, "host")
		c := Conversations(h).Draw(t, "conversation")
		if targets := h.Targets(c.Destination, c.Protocol, c.Port); len(targets) > 1 {
			t.Fatalf("%+v reaches %+v", c, targets)
		}
	})
}

// TestEverythingHappens: whatever tests with random worlds are for does come up, and not once in a thousand.
func TestEverythingHappens(t *testing.T) {
	seen := map[string]int{}
	const worlds = 1000
	for seed := range worlds {
		h := Hosts().Example(seed)
		p, problems := policy.Parse("policy.yaml", []byte(Policies().Example(seed)))
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		p, _ = p.WithLabels(h)
		c := Conversations(h).Example(seed)
		for _, what := range happened(h, c, policy.Decide(p, h, c)) {
			seen[what]++
		}
	}
	for _, what := range []string{
		"published", "direct", "mesh", "unknown container", "on loopback",
		"published IPv6", "published, no IPv6 inside", "echo", "not governed", "egress",
		"allowed by a rule", "refused by a rule", "allowed by default", "refused by default", "by a label",
		"to a container", "except a container", "on an interface", "at an address",
	} {
		if seen[what] < worlds/200 {
			t.Errorf("in %d worlds only %d times: %s", worlds, seen[what], what)
		}
	}
	t.Log(seen)
}

// happened names what a conversation is an example of.
func happened(h *host.Host, c policy.Conversation, d policy.Decision) []string {
	var all []string
	add := func(what string, is bool) {
		if is {
			all = append(all, what)
		}
	}
	add("not governed", !d.Governed)
	add("egress", d.Governed && c.Out != "")
	add("echo", d.Governed && c.Protocol == host.ICMP)
	if t := d.Target; t != nil {
		add(t.Way.String(), true)
		add("unknown container", t.Way == host.Direct && t.Container == nil)
		add("on loopback", c.Destination.IsLoopback())
		add("published IPv6", t.Way == host.Published && c.Destination.Is6())
		add("published, no IPv6 inside", t.Way == host.Published && c.Destination.Is6() && !hasIPv6(t.Container))
	}
	if d.Rule == nil {
		add("allowed by default", d.Governed && d.Allowed)
		add("refused by default", d.Governed && !d.Allowed)
		return all
	}
	add("allowed by a rule", d.Allowed)
	add("refused by a rule", !d.Allowed)
	add("by a label", d.Rule.Label != "")
	add("to a container", c.Out == "" && len(d.Rule.To.Items) > 0)
	add("except a container", c.Out == "" && len(d.Rule.To.Except) > 0)
	add("on an interface", d.Rule.Interface != "")
	add("at an address", d.Rule.At.IsValid())
	return all
}

func hasIPv6(c *host.Container) bool {
	for _, a := range containerAddresses(c) {
		if a.Is6() {
			return true
		}
	}
	return false
}
