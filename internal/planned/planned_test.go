package planned

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/nftables"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/story"
)

// scene is a recorded host and the gate of a policy for it.
func scene(t *testing.T, rules ...string) (*netfilter.Machine, *host.Host, *gate.Gate) {
	t.Helper()
	m, h, err := capture.Recording(filepath.Join("../host/testdata/hosts", "docker-29.7-iptables"))
	if err != nil {
		t.Fatal(err)
	}
	p := &policy.Policy{}
	for i, sentence := range rules {
		r, problems := policy.ParseSentence(policy.Ingress, sentence)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		r.Position = policy.Position{File: "policy.yaml", Line: i + 1}
		p.Ingress = append(p.Ingress, r)
	}
	p.Defaults.Ingress, p.Defaults.Egress = policy.Deny, policy.Allow
	g, err := gate.Compile(p, h)
	if err != nil {
		t.Fatal(err)
	}
	return m, h, g
}

func minimal(t *testing.T, m *netfilter.Machine, h *host.Host, from string) string {
	t.Helper()
	s := story.Scene{Machine: m, Host: h}
	q, err := s.Ask(story.Request{From: from, Target: "8123/tcp"})
	if err != nil {
		t.Fatal(err)
	}
	return s.Tell(q).Minimal()
}

// The rendered gate decides in the host's surroundings, in both backends, and the captured machine stays as it was.
func TestMachine(t *testing.T) {
	for _, b := range []backend.Backend{iptables.New(iptables.Options{}), nftables.New(nftables.Options{})} {
		t.Run(b.Name(), func(t *testing.T) {
			if b.Name() == "nftables" {
				netlab.Need(t)
			}
			m, h, g := scene(t, "allow 8123/tcp from 192.168.0.7")
			before := shape(m.Rules)
			with, err := Machine(t.Context(), m, b, g)
			if err != nil {
				t.Fatal(err)
			}
			if got := minimal(t, with, h, "192.168.0.7"); !strings.HasPrefix(got, "reaches container clickhouse") {
				t.Errorf("who may: %s", got)
			}
			if got := minimal(t, with, h, "192.168.0.8"); !strings.HasPrefix(got, "refused") {
				t.Errorf("who may not: %s", got)
			}
			if got := minimal(t, m, h, "192.168.0.8"); !strings.HasPrefix(got, "reaches container clickhouse") {
				t.Errorf("on the host as it is: %s", got)
			}
			if after := shape(m.Rules); after != before {
				t.Errorf("the captured rules were changed:\n%s\nwere\n%s", after, before)
			}
			if again := shape(Without(with.Rules)); again != before {
				t.Errorf("without dockwall's rules it is\n%s\nwant\n%s", again, before)
			}
		})
	}
}

// A gate that is installed is replaced, not added to.
func TestMachineTwice(t *testing.T) {
	b := iptables.New(iptables.Options{})
	m, h, wide := scene(t, "allow 8123/tcp")
	_, _, narrow := scene(t, "allow 8123/tcp from 192.168.0.7")
	installed, err := Machine(t.Context(), m, b, wide)
	if err != nil {
		t.Fatal(err)
	}
	replaced, err := Machine(t.Context(), installed, b, narrow)
	if err != nil {
		t.Fatal(err)
	}
	if got := minimal(t, replaced, h, "192.168.0.8"); !strings.HasPrefix(got, "refused") {
		t.Errorf("who may no more: %s", got)
	}
	direct, err := Machine(t.Context(), m, b, narrow)
	if err != nil {
		t.Fatal(err)
	}
	if shape(replaced.Rules) != shape(direct.Rules) {
		t.Error("a gate over an old one is not what it is alone")
	}
}

// A host without Docker's chains gets the gate all the same.
func TestMachineBare(t *testing.T) {
	_, h, g := scene(t, "allow 8123/tcp")
	bare := &netfilter.Machine{Rules: &netfilter.Ruleset{}, Interfaces: h.Interfaces, Routes: h.Routes}
	with, err := Machine(t.Context(), bare, iptables.New(iptables.Options{}), g)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shape(with.Rules), "INPUT rule 1") || len(bare.Rules.Tables) != 0 {
		t.Errorf("the rules are\n%s", shape(with.Rules))
	}
}

// What nft refuses is an error that has its words.
func TestReadBackRefused(t *testing.T) {
	netlab.Need(t)
	_, err := readBack(t.Context(), "table inet dockwall { chain x { nonsense } }\n")
	if err == nil || !strings.Contains(err.Error(), "nft did not take them") || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("the error is %v", err)
	}
}

// shape is every rule of a ruleset in a line, sorted by its place.
func shape(r *netfilter.Ruleset) string {
	var lines []string
	for _, table := range r.Tables {
		for _, c := range table.Chains {
			for _, rule := range c.Rules {
				lines = append(lines, fmt.Sprintf("%s %s %s: %s", table.Family, table.Origin, rule, rule.Text))
				if rule.Chain != c || c.Table != table {
					lines = append(lines, "and it hangs elsewhere")
				}
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
