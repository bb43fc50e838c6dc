package audit

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/dockwall/dockwall/internal/wording"
)

// Style marks words for a terminal. Each function gives the text back, perhaps with colours.
type Style struct {
	Severity func(Severity, string) string
	Title    func(string) string
}

// Plain is the style without colours.
var Plain = Style{func(_ Severity, s string) string { return s }, func(s string) string { return s }}

// WriteText is the report for people: what is missing, who reaches what, and the findings.
func (r *Report) WriteText(w io.Writer, style Style) {
	r.writeHead(w)
	if len(r.Exposed) > 0 {
		fmt.Fprintf(w, "%s\n", style.Title("WHO REACHES CONTAINERS NOW"))
		r.writeExposed(w)
		fmt.Fprintln(w)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(w, "no findings")
		return
	}
	fmt.Fprintf(w, "%s\n", style.Title("FINDINGS: "+r.Counts()))
	for first := 0; first < len(r.Findings); {
		last := first
		for last < len(r.Findings) && alike(r.Findings[first], r.Findings[last]) {
			last++
		}
		writeFindings(w, r.Findings[first:last], style)
		first = last
	}
}

// alike tells whether findings are told together.
func alike(a, b Finding) bool {
	return a.ID == b.ID && a.Severity == b.Severity && a.Remedy == b.Remedy
}

func (r *Report) writeHead(w io.Writer) {
	about := r.Host
	if r.Engine != "" {
		about = strings.TrimPrefix(about+", "+r.Engine, ", ")
	}
	if about != "" {
		fmt.Fprintf(w, "%s\n\n", wording.Printable(about))
	}
	if len(r.Missing) == 0 {
		return
	}
	fmt.Fprintln(w, "What is not known, and what is taken for granted instead:")
	for _, sentence := range r.Missing {
		fmt.Fprintf(w, "  - %s\n", wording.Printable(sentence))
	}
	fmt.Fprintln(w)
}

// Counts is "2 high, 1 low".
func (r *Report) Counts() string {
	var parts []string
	for _, s := range []Severity{High, Medium, Low} {
		n := 0
		for _, f := range r.Findings {
			if f.Severity == s {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

func (r *Report) writeExposed(w io.Writer) {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	everywhere := r.Interfaces
	head := "PORT\tCONTAINER\tOPEN TO\tOVER\tBY"
	if len(everywhere) > 1 {
		head += "\tFROM"
	}
	fmt.Fprintln(table, head)
	for _, e := range r.Exposed {
		for i, cells := range e.rows(everywhere) {
			port, name := "", ""
			if i == 0 {
				port, name = e.port(), e.Name
			}
			row := append([]string{port, name}, cells...)
			for j := range row {
				row[j] = wording.Printable(row[j])
			}
			if len(everywhere) <= 1 {
				row = row[:5]
			}
			fmt.Fprintln(table, strings.Join(row, "\t"))
		}
	}
	table.Flush()
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

// port is the exposure's first column: "80/tcp → 8123", "443/tcp at 192.168.0.1".
func (e *Exposure) port() string {
	text := e.Ports
	if len(e.Addresses) > 0 {
		text += " at " + strings.Join(e.Addresses, ", ")
	}
	if e.Leads != "" {
		text += " → " + e.Leads
	}
	return text
}

// rows are one line for each set of clients: who, over which families, by which ways, on which interfaces.
func (e *Exposure) rows(everywhere []string) [][]string {
	if len(e.Access) == 0 {
		text := Nobody
		if e.Note != "" {
			text = e.Note
		}
		return [][]string{{text, "", string(e.Beside), ""}}
	}
	var rows [][]string
	for _, a := range e.Access {
		who, on := a.who(), strings.Join(a.Interfaces, ", ")
		if slices.Equal(a.Interfaces, everywhere) {
			on = "everywhere"
		}
		i := slices.IndexFunc(rows, func(row []string) bool { return row[0] == who && row[3] == on && row[2] == string(a.Way) })
		if i >= 0 {
			rows[i][1] += ", " + a.Family
			continue
		}
		rows = append(rows, []string{who, a.Family, string(a.Way), on})
	}
	return rows
}

// who is the clients in words, cut where they are many.
func (a *Access) who() string {
	who := short(a.From)
	switch {
	case a.Possibly == "":
	case a.From == Nobody:
		who = "possibly " + short(a.Possibly)
	default:
		who += "; possibly " + short(a.Possibly)
	}
	if len(a.DialledAt) > 0 {
		who += " (at " + strings.Join(a.DialledAt, ", ") + ")"
	}
	return who
}

// short is a list that people can read: its beginning, and how many more there are.
func short(list string) string {
	const most = 6
	items := strings.Split(list, ", ")
	if len(items) <= most {
		return list
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(items[:most-1], ", "), len(items)-most+1)
}

// writeFindings tells findings of one kind, with one packet for all of them.
func writeFindings(w io.Writer, alike []Finding, style Style) {
	first := alike[0]
	label := fmt.Sprintf("%-6s", strings.ToUpper(first.Severity.String()))
	fmt.Fprintf(w, "\n%s  %s (%s)\n", style.Severity(first.Severity, label), style.Title(first.Kind.Title), first.ID)
	for _, f := range alike {
		fmt.Fprintf(w, "        %s: %s\n", wording.Printable(f.Subject), wording.Printable(f.Message))
	}
	indented(w, "        seen: ", append([]string{first.Evidence.Packet}, first.Evidence.Trace...))
	indented(w, "        do: ", wrapped(first.Remedy, 96))
}

// indented writes lines after a word; without a first line, the others.
func indented(w io.Writer, word string, lines []string) {
	if len(lines) > 1 && lines[0] == "" {
		lines = lines[1:]
	}
	for i, line := range lines {
		if line == "" {
			continue
		}
		lead := strings.Repeat(" ", len(word))
		if i == 0 {
			lead = word
		}
		fmt.Fprintf(w, "%s%s\n", lead, wording.Printable(line))
	}
}

// wrapped is a text in lines of at most width characters, where its words allow it.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
