package pathwitness

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxRefusals is how often rules are loaded again without the lines that a tool refused.
const maxRefusals = 12

// Fitting loads rules without those lines that their tools refuse (two matches that no packet can meet both, a
// target where it may not stand), and gives what was loaded.
func (l *Lab) Fitting(ctx context.Context, r Rules) (Rules, error) {
	for range maxRefusals {
		err := l.load(ctx, &r)
		var refused *refusal
		if !errors.As(err, &refused) {
			return r, err
		}
		if !refused.takeOut() {
			return r, err
		}
	}
	return r, fmt.Errorf("the tools refused rules %d times", maxRefusals)
}

// refusal is a text that a tool did not load.
type refusal struct {
	text *string
	err  error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// refusedLines are how nft ("/dev/stdin:12:3-8: Error") and the iptables tools ("line 12 failed", "line 12: RULE_APPEND
// failed") name the lines that they do not take.
var refusedLines = regexp.MustCompile(`/dev/stdin:(\d+):\d+-\d+: Error|line:? (\d+)`)

// takeOut takes the lines out that the tool named, as far as they are rules; false where none is.
func (r *refusal) takeOut() bool {
	lines := strings.Split(*r.text, "\n")
	took := false
	for _, match := range refusedLines.FindAllStringSubmatch(r.err.Error(), -1) {
		number, err := strconv.Atoi(match[1] + match[2])
		i := number - 1
		if err == nil && i >= 0 && i < len(lines) && isRule(lines[i]) {
			lines[i], took = "", true
		}
	}
	*r.text = strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\n") + "\n"
	return took
}

func isRule(line string) bool {
	return strings.HasPrefix(line, "-A ") || strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "  type ") &&
		!strings.HasPrefix(line, "  flags ") && !strings.HasPrefix(line, "  timeout ") && !strings.HasPrefix(line, "  auto-merge")
}
