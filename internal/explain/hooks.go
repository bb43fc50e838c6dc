package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/whose"
	"github.com/dockwall/dockwall/internal/wording"
)

// Hook is one place on the way, with what stands there in the order in which packets meet it.
type Hook struct {
	Name     string    `json:"name"`
	Sees     string    `json:"sees"` // which packets
	Stations []Station `json:"stations"`
}

// Station is a base chain, or a part of the kernel's own.
type Station struct {
	Priority int      `json:"priority"`
	Kernel   string   `json:"kernel,omitempty"` // what conntrack does here; no chain then
	Tool     string   `json:"tool,omitempty"`   // nft, iptables-nft, iptables-legacy
	Family   string   `json:"family,omitempty"` // "IPv4", "IPv6", "IPv4 and IPv6"
	Chain    string   `json:"chain,omitempty"`  // "filter FORWARD"
	Drops    bool     `json:"drops,omitempty"`  // its policy is drop
	Rules    int      `json:"rules"`            // of the chain itself; of a Docker host with both families, of both
	Leads    []string `json:"leads,omitempty"`  // what its rules lead to, in order: "DOCKER-USER (2 rules)", "Docker"
	Owners   []string `json:"owners,omitempty"` // whose rules are in it or behind it
}

// places are the hooks that IP packets meet, and what each of them sees.
var places = []struct {
	hook netfilter.Hook
	sees string
}{
	{netfilter.Prerouting, "every packet that arrives, before it is known where to"},
	{netfilter.Forward, "what goes through the host: to containers and out of them"},
	{netfilter.Input, "what ends on this host: its own services, docker-proxy"},
	{netfilter.Output, "what this host makes: docker-proxy's connections, answers"},
	{netfilter.Postrouting, "every packet that leaves, to a container or outside"},
}

func (d *drawer) hooks() []Hook {
	var hooks []Hook
	for _, p := range places {
		h := Hook{Name: p.hook.String(), Sees: p.sees, Stations: d.stations(p.hook)}
		hooks = append(hooks, h)
	}
	return hooks
}

// stations are the hook's chains by priority. The same chain of iptables and ip6tables is one station.
func (d *drawer) stations(hook netfilter.Hook) []Station {
	list := []Station{}
	if d.machine.Rules == nil {
		return list
	}
	for _, t := range d.machine.Rules.Tables {
		for _, c := range t.Chains {
			if c.Base != nil && c.Base.Hook == hook && !t.Dormant && (t.Family.Sees(netfilter.IPv4) || t.Family.Sees(netfilter.IPv6)) {
				list = merge(list, stationOf(c))
			}
		}
	}
	if hook == netfilter.Prerouting || hook == netfilter.Output {
		list = append(list, Station{Priority: netfilter.PriorityConntrack, Kernel: "looks the conversation up"})
	}
	slices.SortStableFunc(list, func(a, b Station) int { return cmp.Compare(a.Priority, b.Priority) })
	return list
}

// merge adds a station, to that of the other family where it is alike.
func merge(list []Station, s Station) []Station {
	for i := range list {
		old := &list[i]
		if old.Chain == s.Chain && old.Tool == s.Tool && old.Priority == s.Priority && old.Drops == s.Drops &&
			old.Family != s.Family && slices.Equal(withoutCounts(old.Leads), withoutCounts(s.Leads)) {
			old.Family, old.Rules = "IPv4 and IPv6", old.Rules+s.Rules
			old.Owners = union(old.Owners, s.Owners)
			return list
		}
	}
	return append(list, s)
}

func withoutCounts(leads []string) []string {
	var names []string
	for _, l := range leads {
		name, _, _ := strings.Cut(l, " (")
		names = append(names, name)
	}
	return names
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

func stationOf(c *netfilter.Chain) Station {
	s := Station{Priority: c.Base.Priority, Tool: c.Table.Origin.String(), Family: familyName(c.Table.Family),
		Chain: clean(c.Table.Name + " " + c.Name), Drops: c.Base.Policy == netfilter.Drop, Rules: len(c.Rules)}
	s.Leads, s.Owners = leads(c)
	return s
}

func familyName(f netfilter.Family) string {
	switch f {
	case netfilter.IPv4:
		return "IPv4"
	case netfilter.IPv6:
		return "IPv6"
	}
	return "IPv4 and IPv6"
}

// leads are where the rules of a base chain lead: chains of known programs by the program's name, others by their own;
// each once, at its first place. owners are all programs behind it.
func leads(base *netfilter.Chain) (names, owners []string) {
	if o := whose.Chain(base); o != "" {
		owners = append(owners, o)
	}
	seen := map[*netfilter.Chain]bool{}
	for _, r := range base.Rules {
		for _, name := range targets(r) {
			c := base.Table.Chain(name)
			if c == nil || seen[c] {
				continue
			}
			seen[c] = true
			owner := whose.Chain(c)
			if owner == "" {
				owner = clean(c.Name) + " (" + count(len(c.Rules), "rule") + ")"
			}
			if whose.Chain(base) == "" {
				names = union(names, []string{owner})
			}
			owners = union(owners, behind(c, map[*netfilter.Chain]bool{}))
		}
	}
	return names, owners
}

// behind are the programs of a chain and of those that it leads to.
func behind(c *netfilter.Chain, seen map[*netfilter.Chain]bool) []string {
	if c == nil || seen[c] {
		return nil
	}
	seen[c] = true
	var owners []string
	if o := whose.Chain(c); o != "" {
		owners = append(owners, o)
	}
	for _, r := range c.Rules {
		for _, name := range targets(r) {
			owners = union(owners, behind(c.Table.Chain(name), seen))
		}
	}
	return owners
}

// targets are the chains that a rule can lead to.
func targets(r *netfilter.Rule) []string {
	var names []string
	for _, step := range r.Steps {
		switch a := step.(type) {
		case netfilter.Verdict:
			if a.Chain != "" {
				names = append(names, a.Chain)
			}
		case netfilter.VerdictMap:
			for _, e := range a.Set.Elements {
				if e.Verdict != nil && e.Verdict.Chain != "" {
					names = append(names, e.Verdict.Chain)
				}
			}
		}
	}
	return names
}

func clean(text string) string { return wording.Printable(text) }

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
