package explain

import (
	"fmt"
	"slices"
	"strings"
)

// most is how many rows a box shows before it says how many more there are.
const most = 14

func stationRows(stations []Station) []row {
	var rows []row
	for _, s := range stations {
		if s.Kernel != "" {
			rows = append(rows, row{first: fmt.Sprintf("%d conntrack", s.Priority), second: s.Kernel})
			continue
		}
		second := count(s.Rules, "rule")
		if s.Drops {
			second += ", else drop"
		}
		if leads := s.leads(); leads != "" {
			second += " → " + leads
		}
		first := fmt.Sprintf("%d %s", s.Priority, s.Chain)
		hint := strings.Join([]string{first, s.Family, s.Tool, second}, "; ")
		rows = append(rows, row{s.class(), first, second, hint})
	}
	return rows
}

// class is a station's ground: dockwall's own, Docker's, other programs'.
func (s *Station) class() string {
	switch {
	case slices.Contains(s.Owners, "dockwall"):
		return "own"
	case slices.Contains(s.Owners, "Docker"):
		return "docker"
	case s.Rules > 0 || s.Drops:
		return "other"
	}
	return ""
}

func linkRows(links []Link) []row {
	var rows []row
	for _, l := range links {
		rows = append(rows, row{first: l.Name, second: strings.Join(l.Addresses, ", "),
			hint: l.Name + " " + strings.Join(l.Addresses, ", ")})
	}
	return fewer(rows)
}

func networkRows(networks []Network) []row {
	var rows []row
	for _, n := range networks {
		name, subnets := n.Name, strings.Join(n.Subnets, ", ")
		if n.Bridge != "" {
			name = n.Bridge + " " + n.Name
		}
		if n.Internal {
			subnets += " internal"
		}
		rows = append(rows, row{"docker", name, subnets, n.headline()})
		for _, r := range n.Members {
			rows = append(rows, row{"", "  " + r.Container, "  " + strings.Join(r.Addresses, ", "), r.line()})
		}
	}
	return fewer(rows)
}

// proxyRows are the ports that docker-proxy listens on.
func (m *Map) proxyRows() []row {
	var rows []row
	for _, way := range m.Ways {
		if way.Name == "docker-proxy" {
			for _, taker := range way.Takers {
				name, port, _ := strings.Cut(taker, " ")
				rows = append(rows, row{"docker", name, port, taker})
			}
		}
	}
	if len(rows) == 0 {
		rows = []row{{"", "none", "", ""}}
	}
	return fewer(rows)
}

func fewer(rows []row) []row {
	if len(rows) <= most {
		return rows
	}
	return append(slices.Clone(rows[:most-1]), row{first: fmt.Sprintf("and %d more", len(rows)-most+1)})
}
