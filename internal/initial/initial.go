// Package initial writes the first policy of a host: it keeps every publication reachable by whom it is reachable now,
// and says in comments who that is, so that people can make it narrower line by line.
//
// What it writes is a policy without errors and, on that host, without warnings. Nothing that containers say about
// themselves gets into it except names that the policy language takes for theirs.
package initial

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/publication"
)

const head = `# The policy of %s, as dockwall init found it on %s: every port that was reachable stays so.
# Make it narrower, see with "dockwall plan" what would change, and put it in force with "dockwall apply".
version: 1

# From outside into containers. What no rule allows is refused.
`

const tail = `
# From containers to outside. What no rule denies is allowed.
egress: []
#  - deny all to 169.254.169.254            # where clouds keep a machine's credentials

# Names for addresses, to be used as: allow 8123/tcp from office
sets: {}
#  office: [192.168.0.0/24, "2001:db8:10::/48"]

# What must hold before anything is applied.
tests: []
#  - 192.168.0.7 can reach 8123/tcp
#  - 198.51.100.7 cannot reach 8123/tcp
`

// Policy is the text of the host's first policy file.
func Policy(h *host.Host) ([]byte, error) {
	w := &writer{host: h, written: map[string]bool{}}
	w.printf(head, comment(h.Name), h.Captured.UTC().Format("2006-01-02"))
	w.ingress()
	w.remarks()
	w.printf("%s", tail)
	text := []byte(w.text.String())
	if _, problems := policy.Parse("policy.yaml", text); problems.Err() != nil {
		return nil, fmt.Errorf("the policy of this host would have errors, and was not written: %w", problems)
	}
	return text, nil
}

// writer writes one policy.
type writer struct {
	host    *host.Host
	text    strings.Builder
	written map[string]bool // sentences
}

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.text, format, args...) }

func (w *writer) ingress() {
	open := slices.DeleteFunc(publication.All(w.host), publication.Publication.Loopback)
	if len(open) == 0 {
		w.printf("ingress: []                               # nothing is published to outside\n")
		return
	}
	w.printf("ingress:\n")
	for _, g := range grouped(open) {
		w.group(g)
	}
}

// group writes the rules of one group, with who reaches it now.
func (w *writer) group(g group) {
	w.printf("  # %s: %s\n", comment(g.title()), g.reachedBy())
	for _, sentence := range w.sentences(g) {
		if !w.written[sentence] {
			w.written[sentence] = true
			w.printf("  - %s\n", sentence)
		}
	}
}

// remarks are what no rule can say.
func (w *writer) remarks() {
	closed := slices.DeleteFunc(publication.All(w.host), func(p publication.Publication) bool { return !p.Loopback() })
	if len(closed) > 0 {
		w.printf("  # Published on the host's loopback only: no rule opens that to anyone outside.\n")
	}
	for _, p := range closed {
		w.printf("  #   %s\n", comment(p.String()))
	}
	if len(w.host.Warnings) > 0 {
		w.printf("\n# What no rule covers on this host:\n")
	}
	for _, warning := range w.host.Warnings {
		w.printf("#   %s\n", comment(warning))
	}
}

// comment is text that stays within a comment's line.
func comment(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
