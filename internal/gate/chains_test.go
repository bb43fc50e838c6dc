package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/host"
)

// crowdOf is that many sentences for one port, from one address each.
func crowdOf(n int, first string) string {
	rules := []string{}
	for i := range n {
		rules = append(rules, fmt.Sprintf("%s from 198.51.100.%d", first, i+1))
	}
	return strings.Join(rules, "; ")
}

// at is the chain that judges a dialled tcp port in IPv4 ingress.
func at(g *Gate, port uint16) *Chain {
	return g.IPv4.Ingress.find(Tuple{Protocol: host.TCP, DialledPort: port})
}

func TestCrowds(t *testing.T) {
	for _, test := range []struct {
		what, ingress string
		lines         int
	}{
		{"eight stay eight", crowdOf(8, "allow 80/tcp"), 8},
		{"nine are merged", crowdOf(9, "allow 80/tcp"), 1},
		{"each action for itself", crowdOf(9, "allow 80/tcp") + ";" + crowdOf(9, "deny 80/tcp"), 2},
		{"few of one action stay", crowdOf(9, "allow 80/tcp") + ";" + crowdOf(8, "deny 80/tcp"), 9},
		{"any stays", crowdOf(9, "allow 80/tcp") + "; allow 80/tcp", 2},
		{"any is no member", crowdOf(8, "allow 80/tcp") + "; allow 80/tcp", 9},
		{"logging stays", crowdOf(9, "allow 80/tcp") + "; allow 80/tcp from 192.0.2.1 log", 2},
		{"an interface stays", crowdOf(9, "allow 80/tcp") + "; allow 80/tcp from 192.0.2.1 on eno1", 2},
		{"an address stays", crowdOf(9, "allow 80/tcp") + "; allow 80/tcp from 192.0.2.1 at 203.0.113.10", 2},
		{"a container stays", crowdOf(9, "allow 15432/tcp") + "; allow 15432/tcp from 192.0.2.1 to db:5432", 2},
	} {
		port := uint16(80)
		if strings.Contains(test.ingress, "15432") {
			port = 15432
		}
		if lines := len(at(compile(t, shop(), test.ingress), port).Lines); lines != test.lines {
			t.Errorf("%s: %d lines", test.what, lines)
		}
	}
}

// TestMembers: members are disjoint, and what several rules have belongs to the first.
func TestMembers(t *testing.T) {
	g := compile(t, shop(), `
		allow 80/tcp from 10.0.0.8-10.0.0.20; allow 80/tcp from 10.0.0.0/28; allow 80/tcp from 10.0.0.0/24;
		allow 80/tcp from 10.0.0.9; allow 80/tcp from 10.0.1.0/24; allow 80/tcp from 255.255.255.255;
		allow 80/tcp from 10.0.0.30,10.0.0.40; allow 80/tcp from 10.0.2.1; allow 80/tcp from 224.0.0.0-255.255.255.255`)
	line := at(g, 80).Lines[0]
	var got []string
	for _, m := range line.Members {
		got = append(got, rangeText(m.Range)+" "+strings.TrimPrefix(m.Rule.Sentence, "allow 80/tcp from "))
	}
	want := []string{
		"10.0.0.0/29 10.0.0.0/28",
		"10.0.0.8-10.0.0.20 10.0.0.8-10.0.0.20",
		"10.0.0.21-10.0.0.255 10.0.0.0/24",
		"10.0.1.0/24 10.0.1.0/24",
		"10.0.2.1 10.0.2.1",
		"224.0.0.0-255.255.255.254 224.0.0.0/3",
		"255.255.255.255 255.255.255.255",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	for _, r := range line.Client.Ranges {
		got = append(got, rangeText(r))
	}
	if diff := cmp.Diff([]string{"10.0.0.0/23", "10.0.2.1", "224.0.0.0/3"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestJudgeNamesTheMember: the verdict of a merged line is that of the member that has the client.
func TestJudgeNamesTheMember(t *testing.T) {
	g := compile(t, shop(), crowdOf(20, "allow 80/tcp"))
	v := g.Judge(tuple(t, Ingress, host.TCP, "198.51.100.13 > 203.0.113.10 80 > 172.18.0.2 8080"))
	if v.Rule.Sentence != "allow 80/tcp from 198.51.100.13" {
		t.Error(v.Rule)
	}
}

// TestOneMoreMember: one rule more in a crowd changes the content of a set, and neither its ID nor a chain.
func TestOneMoreMember(t *testing.T) {
	before := at(compile(t, shop(), crowdOf(20, "allow 80/tcp")), 80)
	after := at(compile(t, shop(), crowdOf(21, "allow 80/tcp")), 80)
	if before.ID != after.ID || before.Lines[0].Client.ID != after.Lines[0].Client.ID {
		t.Error("the set is another")
	}
	if len(before.Lines[0].Members)+1 != len(after.Lines[0].Members) {
		t.Error("the set's content is the same")
	}
}

// TestCrowdInManyChains: a crowd that stands in many chains is one set.
func TestCrowdInManyChains(t *testing.T) {
	g := compile(t, shop(), crowdOf(9, "deny all")+"; allow 80/tcp; allow 443/tcp from office")
	first, second, other := at(g, 80).Lines, at(g, 443).Lines, g.IPv4.Ingress.Other.Lines
	if len(first) != 2 || len(second) != 2 || len(other) != 1 {
		t.Fatalf("%d, %d and %d lines", len(first), len(second), len(other))
	}
	if first[0].Client.ID != second[0].Client.ID || first[0].Client.ID != other[0].Client.ID {
		t.Error("the crowd is several sets")
	}
}

// TestCrowdInBothWaysIn: who dials a published port is one set, whether the conversation is forwarded or ends on the
// host; and two sets where a rule that names a container makes them differ.
func TestCrowdInBothWaysIn(t *testing.T) {
	for ingress, members := range map[string][2]int{
		crowdOf(9, "allow 80/tcp"):                                          {9, 9},
		crowdOf(9, "deny all") + "; allow 80/tcp":                           {9, 9},
		crowdOf(9, "allow 80/tcp") + "; " + crowdOf(3, "allow 22/tcp"):      {9, 9},
		crowdOf(9, "allow 80/tcp") + "; allow 80/tcp from 192.0.2.1 to web": {9, 10},
	} {
		g := compile(t, shop(), ingress)
		forwarded, local := at(g, 80).Lines[0], g.IPv4.Local.find(Tuple{Protocol: host.TCP, DialledPort: 80}).Lines[0]
		if got := [2]int{len(forwarded.Members), len(local.Members)}; got != members {
			t.Errorf("%s: %d members, want %d", ingress, got, members)
		}
		if same := forwarded.Client.ID == local.Client.ID; same != (members[0] == members[1]) {
			t.Errorf("%s: one set: %v", ingress, same)
		}
	}
}

// TestIDs: what changes the ID of a chain or a set, and what does not.
func TestIDs(t *testing.T) {
	const ingress = "allow 80/tcp from office; allow 80/tcp from vpn to web"
	before := compile(t, shop(), ingress)
	t.Run("positions", func(t *testing.T) {
		p := parse(t, shop(), ingress, "", "")
		for i := range p.Ingress {
			p.Ingress[i].Position.Line += 7
		}
		after, err := Compile(p, shop())
		if err != nil {
			t.Fatal(err)
		}
		if at(before, 80).ID != at(after, 80).ID || before.Hash() != after.Hash() {
			t.Error("changed")
		}
		if at(after, 80).Lines[0].Rule.Position.Line != at(before, 80).Lines[0].Rule.Position.Line+7 {
			t.Error("the line's position is not the rule's")
		}
	})
	t.Run("content of a set", func(t *testing.T) {
		p := parse(t, shop(), ingress, "", "")
		p.Sets["office"].Ranges = p.Sets["vpn"].Ranges
		after, err := Compile(p, shop())
		if err != nil {
			t.Fatal(err)
		}
		if at(before, 80).ID != at(after, 80).ID || before.Hash() == after.Hash() {
			t.Error("the chain changed, or the hash did not")
		}
	})
	t.Run("address of a container", func(t *testing.T) {
		h := shop()
		h.Containers[0].Endpoints[0].IPv4 = h.Containers[0].Endpoints[0].IPv4.Prev()
		after := compile(t, h, ingress)
		if at(before, 80).ID != at(after, 80).ID || before.Hash() == after.Hash() {
			t.Error("the chain changed, or the hash did not")
		}
	})
	for what, changed := range map[string]string{
		"words":     "allow 80/tcp from office, vpn; allow 80/tcp from vpn to web",
		"action":    "deny 80/tcp from office; allow 80/tcp from vpn to web",
		"log":       "allow 80/tcp from office log; allow 80/tcp from vpn to web",
		"interface": "allow 80/tcp from office on eno1; allow 80/tcp from vpn to web",
		"address":   "allow 80/tcp from office at 203.0.113.10; allow 80/tcp from vpn to web",
		"container": "allow 80/tcp from office; allow 80/tcp from vpn to db",
		"order":     "allow 80/tcp from vpn to web; allow 80/tcp from office",
	} {
		t.Run(what, func(t *testing.T) {
			after := compile(t, shop(), changed)
			if at(before, 80).ID == at(after, 80).ID || before.Hash() == after.Hash() {
				t.Error("unchanged")
			}
		})
	}
	if before.Hash() == compileAll(t, shop(), ingress, "", "refuse: drop").Hash() {
		t.Error("the hash does not know how clients are refused")
	}
}

// TestChainsOfDispatches: a chain stands in one dispatch, so that its counters speak of one.
func TestChainsOfDispatches(t *testing.T) {
	g := compileAll(t, shop(), "allow 80/tcp", "allow 80/tcp", "egress: deny")
	ids := map[string]bool{}
	for _, f := range []Family{g.IPv4, g.IPv6} {
		for _, s := range slices.Concat(f.Ingress.Segments, f.Local.Segments, f.Egress.Segments) {
			if s.First == 80 {
				ids[s.Chain.ID] = true
			}
		}
	}
	if len(ids) != 6 {
		t.Errorf("%d chains", len(ids))
	}
}

// TestScopes: a port published on addresses of its own has a chain of its own.
func TestScopes(t *testing.T) {
	h := shop()
	h.Containers = []host.Container{container("web", "front", "172.18.0.2", "",
		"192.168.0.1 80 80", "203.0.113.10 80 80", "192.168.0.1 81 81", "203.0.113.10 82 82", "0.0.0.0 83 83")}
	var got []string
	for _, s := range compile(t, h, "allow tcp to web").IPv4.Local.Segments {
		got = append(got, fmt.Sprint(s.First, s.Chain.Scope, len(s.Chain.Lines)))
	}
	want := []string{"80 [192.168.0.1 203.0.113.10] 1", "81 [192.168.0.1] 1", "82 [203.0.113.10] 1", "83 [] 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
