package probe

import (
	"fmt"
	"io"
	"strings"

	"github.com/dockwall/dockwall/internal/verify"
)

// WriteText is the report for people: what differs with its way through the host, and what tells nothing.
func (r *Report) WriteText(w io.Writer, style verify.Style) {
	head := fmt.Sprintf("dialled for real from %s, arriving on %s:", strings.Join(r.From, " and "), r.Link)
	fmt.Fprintf(w, "%s %d dials, %d as the rules say\n", style.Title(head), len(r.Dials), r.count(Agrees))
	for _, d := range r.Dials {
		if d.Verdict != Differs {
			continue
		}
		fmt.Fprintf(w, "%s %s (%s): the rules say it %s, and the dial got: %s\n", style.Bad("otherwise:"), d.Packet, d.Name,
			said(d), d.Got)
		for _, line := range d.Trace {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
	for _, d := range r.Dials {
		if d.Verdict == TellsNothing {
			fmt.Fprintf(w, "tells nothing: %s (%s): %s\n", d.Packet, d.Name, d.Why)
		}
	}
	for _, text := range r.Skipped {
		fmt.Fprintf(w, "not dialled: %s\n", text)
	}
}

func said(d Dial) string {
	if d.Rules == "reaches" {
		return "reaches the container"
	}
	return "is " + string(d.Rules)
}
