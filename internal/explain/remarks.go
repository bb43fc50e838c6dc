package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Program is who has chains on this host, and where.
type Program struct {
	Name  string   `json:"name"`
	Hooks []string `json:"hooks"` // "forward -10", in order
}

// programs are those behind the stations, by name.
func programs(hooks []Hook) []Program {
	list := []Program{}
	for _, h := range hooks {
		for _, s := range h.Stations {
			for _, o := range s.Owners {
				list = add(list, o, fmt.Sprintf("%s %d", h.Name, s.Priority))
			}
		}
	}
	slices.SortFunc(list, func(a, b Program) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func add(list []Program, name, where string) []Program {
	i := slices.IndexFunc(list, func(p Program) bool { return p.Name == name })
	if i < 0 {
		return append(list, Program{name, []string{where}})
	}
	list[i].Hooks = union(list[i].Hooks, []string{where})
	return list
}

// remarks are what people often get wrong, where it is so on this host.
func (d *drawer) remarks(m *Map) []string {
	remarks := []string{}
	say := func(format string, args ...any) { remarks = append(remarks, fmt.Sprintf(format, args...)) }
	has := func(name string) bool {
		return slices.ContainsFunc(m.Programs, func(p Program) bool { return p.Name == name })
	}
	if has("dockwall") {
		say("dockwall stands in %s", strings.Join(m.Programs[slices.IndexFunc(m.Programs, func(p Program) bool {
			return p.Name == "dockwall"
		})].Hooks, ", "))
	} else {
		say("dockwall has no rules here: nothing but what is on this map decides")
	}
	for _, first := range d.beforeDockerUser() {
		say("rules of %s stand before DOCKER-USER in FORWARD: what they accept, DOCKER-USER never sees", first)
	}
	if (has("ufw") || has("firewalld")) && d.hasWay(m, "DNAT") {
		say("what comes by DNAT does not pass input: rules for the host's own ports do not see it")
	}
	if d.hasWay(m, "docker-proxy") && d.hasChain("DOCKER-USER") {
		say("what comes through docker-proxy passes input and not forward: DOCKER-USER does not see it")
	}
	return remarks
}

func (d *drawer) hasWay(m *Map, name string) bool {
	return slices.ContainsFunc(m.Ways, func(w Way) bool { return w.Name == name })
}

func (d *drawer) hasChain(name string) bool {
	return d.machine.Rules != nil && slices.ContainsFunc(d.machine.Rules.Tables, func(t *netfilter.Table) bool {
		return t.Chain(name) != nil
	})
}

// beforeDockerUser are the programs whose jumps stand before that to DOCKER-USER.
func (d *drawer) beforeDockerUser() []string {
	var before []string
	for _, h := range d.hooks() {
		for _, s := range h.Stations {
			i := slices.IndexFunc(s.Leads, func(l string) bool { return strings.HasPrefix(l, "DOCKER-USER ") })
			if h.Name == netfilter.Forward.String() && i > 0 {
				before = union(before, s.Leads[:i])
			}
		}
	}
	return before
}
