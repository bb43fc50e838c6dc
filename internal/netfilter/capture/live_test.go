package capture

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netlab"
)

// snapshot is the machine of a namespace in which commands ran; each is a line, and <<< parts it from its input.
func snapshot(t *testing.T, commands ...string) *netfilter.Machine {
	t.Helper()
	netlab.Need(t)
	n, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	for _, line := range commands {
		command, input, _ := strings.Cut(line, "<<<")
		words := strings.Fields(command)
		if _, err := n.Run(t.Context(), input, words[0], words[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	var s *host.Snapshot
	err = n.Do(func() (err error) {
		s, err = host.TakeSnapshot(context.Background(), host.Options{DockerHost: "unix:///nonexistent"})
		return err
	})
	var noEngine *host.NoEngineError
	if err != nil && !errors.As(err, &noEngine) {
		t.Fatal(err)
	}
	return Snapshot(s)
}

func findTable(t *testing.T, m *netfilter.Machine, origin netfilter.Origin, family netfilter.Family, name string) *netfilter.Table {
	t.Helper()
	i := slices.IndexFunc(m.Rules.Tables, func(t *netfilter.Table) bool {
		return t.Origin == origin && t.Family == family && t.Name == name
	})
	if i < 0 {
		t.Fatalf("no table %s %s of %s in\n%s", family, name, origin, netfilter.Format(m.Rules.Tables))
	}
	return m.Rules.Tables[i]
}

func rulesOf(c *netfilter.Chain) []string {
	var texts []string
	for _, r := range c.Rules {
		texts = append(texts, r.Text)
	}
	return texts
}

// All tools' rules at once: each table is there once, with the words of the tool that made it.
func TestSnapshotOfAllTools(t *testing.T) {
	m := snapshot(t,
		"ipset create friends hash:net", "ipset add friends 192.0.2.0/24",
		"iptables-nft -A FORWARD -m set --match-set friends src -m conntrack --ctstate NEW -j ACCEPT",
		"iptables-nft -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.5:8080",
		"ip6tables-nft -A INPUT -p ipv6-icmp -j ACCEPT",
		"iptables-legacy -A INPUT -p tcp --dport 23 -j DROP",
		"nft -f -<<<table inet own { set s { type inet_service; elements = { 22, 443 }; }\n"+
			"chain in { type filter hook input priority 5; policy drop; tcp dport @s accept; }; }",
		"nft -f -<<<table ip asleep { chain in { type filter hook input priority 6; policy drop; }; flags dormant; }",
	)
	if len(m.Rules.Unread) > 0 {
		t.Errorf("unread: %q", m.Rules.Unread)
	}
	if rules := notUnderstood(m); len(rules) > 0 {
		t.Errorf("not understood: %q", rules)
	}
	forward := rulesOf(findTable(t, m, netfilter.XtablesNFT, netfilter.IPv4, "filter").Chain("FORWARD"))
	if want := []string{"-m set --match-set friends src -m conntrack --ctstate NEW -j ACCEPT"}; !slices.Equal(forward, want) {
		t.Errorf("FORWARD has %q, want %q", forward, want)
	}
	legacy := rulesOf(findTable(t, m, netfilter.XtablesLegacy, netfilter.IPv4, "filter").Chain("INPUT"))
	if want := []string{"-p tcp -m tcp --dport 23 -j DROP"}; !slices.Equal(legacy, want) {
		t.Errorf("legacy INPUT has %q, want %q", legacy, want)
	}
	own := rulesOf(findTable(t, m, netfilter.Native, netfilter.Inet, "own").Chain("in"))
	if want := []string{"tcp dport @s accept"}; !slices.Equal(own, want) {
		t.Errorf("own in has %q, want %q", own, want)
	}
	if !findTable(t, m, netfilter.Native, netfilter.IPv4, "asleep").Dormant {
		t.Error("the table asleep is not dormant")
	}
	if m.Rules.IPSets["friends"] == nil || m.Routing == nil || !m.Routing.Plain() {
		t.Errorf("sets %v, routing %+v", m.Rules.IPSets, m.Routing)
	}
}

// What nft put into iptables' own tables counts as nft lists it, in its place among the others.
func TestSnapshotOfForeignRules(t *testing.T) {
	m := snapshot(t,
		"iptables-nft -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
		"iptables-nft -A FORWARD -p tcp --dport 81 -j DROP",
		"nft insert rule ip filter FORWARD ct state invalid drop",
		"nft add rule ip filter FORWARD ip saddr { 10.0.0.1, 10.0.0.9 } ct mark 5 drop",
	)
	text := netfilter.Format(m.Rules.Tables)
	for _, want := range []string{"ct state invalid drop", "conntrack state & 0x1 not 0", "ct mark 0x00000005 drop", "destination port 81"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	rules := findTable(t, m, netfilter.XtablesNFT, netfilter.IPv4, "filter").Chain("FORWARD").Rules
	if len(rules) != 4 || !strings.Contains(rules[0].Text, "invalid") || !strings.Contains(rules[3].Text, "ct mark") {
		t.Errorf("FORWARD has %d rules in\n%s", len(rules), text)
	}
}

// Routes by mark, and chains before the IP hooks, are said.
func TestSnapshotSaysWhatIsNotFollowed(t *testing.T) {
	m := snapshot(t,
		"ip rule add pref 5270 fwmark 0x80000/0xff0000 lookup 52",
		"nft -f -<<<table netdev early { chain in { type filter hook ingress device lo priority 0; ip saddr 10.0.0.1 drop; }; }",
	)
	all := strings.Join(m.Missing, "\n")
	for _, want := range []string{"ip rule", "netdev early in"} {
		if !strings.Contains(all, want) {
			t.Errorf("missing is %q, want %q in it", m.Missing, want)
		}
	}
}
