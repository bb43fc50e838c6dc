package explain

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Text draws the map for a terminal. title marks headings.
func (m *Map) Text(w io.Writer, title func(string) string) {
	fmt.Fprintln(w, title(strings.TrimSpace(m.Host+"  "+m.Engine)))
	for _, l := range m.Outside {
		fmt.Fprintf(w, "  outside: %s  %s\n", l.Name, strings.Join(l.Addresses, ", "))
	}
	fmt.Fprint(w, skeleton)
	for _, h := range m.Hooks {
		fmt.Fprintf(w, "\n%s  %s\n", title(h.Name), h.Sees)
		h.text(w)
	}
	fmt.Fprintf(w, "\n%s\n", title("ways"))
	for _, way := range m.Ways {
		fmt.Fprintf(w, "  %s: %s\n    %s\n", way.Name, way.Means, way.Path)
		for _, line := range folded(way.Takers, 100) {
			fmt.Fprintf(w, "      %s\n", line)
		}
	}
	m.networkText(w, title)
	sentences(w, title("remarks"), m.Remarks)
	sentences(w, title("not known"), m.Missing)
}

// skeleton is how the hooks hang together on every host.
const skeleton = `
  arrives → prerouting → routing ─┬→ forward ──────────────────────────→ postrouting → leaves
                                  └→ input → a program (docker-proxy) → output ─┘
`

func (h *Hook) text(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range h.Stations {
		fmt.Fprintln(table, strings.TrimRight("  "+strings.Join(s.cells(), "\t"), "\t "))
	}
	_ = table.Flush()
	if len(h.Stations) == 0 {
		fmt.Fprintln(w, "  nothing")
	}
}

// cells are a station's columns: priority, chain, family, tool, what is in it, where it leads.
func (s *Station) cells() []string {
	if s.Kernel != "" {
		return []string{fmt.Sprintf("%5d", s.Priority), "(conntrack)", "", "the kernel", s.Kernel}
	}
	content := count(s.Rules, "rule")
	if s.Drops {
		content += ", else drop"
	}
	leads := s.leads()
	if leads != "" {
		leads = "→ " + leads
	}
	return []string{fmt.Sprintf("%5d", s.Priority), s.Chain, s.Family, s.Tool, content, leads}
}

// leads is where a station leads, or whose it is itself.
func (s *Station) leads() string {
	if len(s.Leads) == 0 {
		return strings.Join(s.Owners, ", ")
	}
	return strings.Join(s.Leads, ", ")
}

func (m *Map) networkText(w io.Writer, title func(string) string) {
	if len(m.Networks) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title("networks"))
	for _, n := range m.Networks {
		fmt.Fprintf(w, "  %s\n", n.headline())
		for _, r := range n.Members {
			fmt.Fprintf(w, "    %s\n", r.line())
		}
	}
}

func (n *Network) headline() string {
	words := []string{n.Bridge, n.Name, "(" + n.Driver + ")"}
	if n.Bridge == "" {
		words = words[1:]
	}
	words = append(words, strings.Join(n.Subnets, ", "))
	if n.Internal {
		words = append(words, "internal")
	}
	return strings.TrimRight(strings.Join(append(words, n.Mode), " "), " ")
}

func (r *Resident) line() string {
	text := strings.TrimSpace(r.Container + "  " + strings.Join(r.Addresses, ", "))
	if len(r.Published) > 0 {
		text += "  published: " + strings.Join(r.Published, ", ")
	}
	return text
}

func sentences(w io.Writer, title string, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	for _, s := range list {
		fmt.Fprintf(w, "  %s\n", s)
	}
}

// folded joins items to lines of about that width.
func folded(items []string, width int) []string {
	var lines []string
	line := ""
	for _, item := range items {
		if line != "" && len(line)+2+len(item) > width {
			lines = append(lines, line+",")
			line = ""
		}
		if line != "" {
			line += ", "
		}
		line += item
	}
	return append(lines, line)
}
