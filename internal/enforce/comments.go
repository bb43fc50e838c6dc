package enforce

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// ownTable is the content of the nftables backend's table in what `nft list ruleset` prints; "": there is none.
func ownTable(ruleset string) string {
	_, rest, found := strings.Cut("\n"+ruleset, "\ntable inet dockwall {\n")
	if !found {
		return ""
	}
	table, _, _ := strings.Cut(rest, "\n}")
	return table
}

// ownChains are the lines about the iptables backend's chains and sets in what the save tools print.
func ownChains(saved string) string {
	var own []string
	for line := range strings.Lines(saved) {
		if ownLine.MatchString(line) {
			own = append(own, line)
		}
	}
	return strings.Join(own, "")
}

var (
	ownLine  = regexp.MustCompile(`^(:|-A |\[\d+:\d+\] -A |create |add )(DOCKWALL|dockwall-)`)
	ownName  = regexp.MustCompile(`(DOCKWALL|dockwall)-[\w-]+`)
	gateHash = regexp.MustCompile(`gate=([0-9a-f]+)`)
	quotes   = regexp.MustCompile(`"[^"]*"`)
)

// contentNames are the names in a backend's text that are made from content, so that equal names mean equal rules: the
// gate's hash, or those of chains and sets.
func contentNames(backendName, text string) string {
	if backendName == NFTables {
		return gateHash.FindString(text)
	}
	all := ownName.FindAllString(quotes.ReplaceAllString(text, ""), -1)
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

var (
	chainHead    = regexp.MustCompile(`^\s*chain (\w+) \{`)
	defaultChain = regexp.MustCompile(`^(ingress|local|egress)([46])$`)
	counters     = regexp.MustCompile(`packets (\d+) bytes (\d+)|^\[(\d+):(\d+)\]`)
	fromDefault  = regexp.MustCompile(`^default (ingress|local|egress) (allow|deny)$`)
	sinceWhen    = regexp.MustCompile(`^since[ =]([0-9TZ:+-]+)`)
)

// readComments is what is installed, as far as the comments and counters of its text tell.
func readComments(text string) *backend.Installed {
	installed := &backend.Installed{}
	chain := ""
	for line := range strings.Lines(text) {
		if m := chainHead.FindStringSubmatch(line); m != nil {
			chain = m[1]
		}
		parts := strings.Split(line, `"`) // outside and inside of quotes, in turn
		for i := 1; i < len(parts); i += 2 {
			if strings.HasSuffix(parts[i-1], "comment ") {
				readComment(installed, chain, parts[i-1], parts[i])
			}
		}
	}
	return installed
}

// readComment takes one comment, with what stands before it in its line, into what is installed.
func readComment(installed *backend.Installed, chain, before, comment string) {
	if m := sinceWhen.FindStringSubmatch(comment); m != nil {
		installed.Since, _ = time.Parse(time.RFC3339, m[1]) // zero: it does not say
		return
	}
	line, ok := commentedLine(comment)
	if comment == "default" {
		line, ok = defaultLine(chain, before)
	}
	if !ok {
		return
	}
	if all := counters.FindAllStringSubmatch(before, -1); all != nil {
		last := all[len(all)-1]
		line.Packets, _ = strconv.ParseUint(last[1]+last[3], 10, 64) // digits: one of the two forms
		line.Bytes, _ = strconv.ParseUint(last[2]+last[4], 10, 64)
	}
	installed.Lines = append(installed.Lines, line)
}

// commentedLine is the line that a comment speaks of. Without the ports it is dispatched from, its sentence says where
// it counts.
func commentedLine(comment string) (line backend.Line, ok bool) {
	if m := fromDefault.FindStringSubmatch(comment); m != nil {
		return backend.Line{Default: true, Way: gate.Way(m[1]), Action: action(m[2])}, true
	}
	if line.Rule, ok = gate.ParseRuleRef(comment); !ok {
		return line, false
	}
	sentence := line.Rule.Sentence
	line.Action = action(strings.Fields(sentence)[0])
	line.Way = gate.Ingress
	if r, problems := policy.ParseSentence(policy.Egress, sentence); problems.Err() == nil &&
		gate.NewRuleRef(r).Hash == line.Rule.Hash {
		line.Way = gate.Egress
	}
	return line, true
}

// defaultLine is the default in a chain of the nftables backend, which is named after its dispatch: "ingress4".
func defaultLine(chain, before string) (line backend.Line, ok bool) {
	m := defaultChain.FindStringSubmatch(chain)
	if m == nil {
		return line, false
	}
	line = backend.Line{Default: true, Way: gate.Way(m[1]), Family: int(m[2][0] - '0'), Action: policy.Deny}
	if strings.HasSuffix(strings.TrimSuffix(before, " comment "), "accept") {
		line.Action = policy.Allow
	}
	return line, true
}

func action(word string) policy.Action {
	if word == policy.Allow.String() {
		return policy.Allow
	}
	return policy.Deny
}
