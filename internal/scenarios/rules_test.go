package scenarios

import (
	"regexp"
	"strings"

	"github.com/google/go-cmp/cmp"
)

var (
	counters = regexp.MustCompile(`\[\d+:\d+\]`)
	remarks  = regexp.MustCompile(`(?m)^#.*\n`) // with the time of the dump
	// A legacy table that holds nothing. The kernel makes one when any tool looks into it, and cannot unmake it.
	emptyTable = regexp.MustCompile(`(?m)^\*\w+\n(:[A-Z]+ ACCEPT \[0:0\]\n)+COMMIT\n`)
)

// rules is everything that the host's kernel holds of rules and sets, by both families and all tools, without counters.
func (s *scene) rules() map[string]string {
	s.Helper()
	all := map[string]string{}
	for _, command := range []string{
		"iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save", "ipset save",
		"nft --stateless list ruleset",
	} {
		words := strings.Fields(command)
		text, err := s.bed.Host.Run(s.Context(), words[0], words[1:]...)
		s.must(err)
		all[command] = remarks.ReplaceAllString(counters.ReplaceAllString(text, "[0:0]"), "")
		if strings.Contains(command, "legacy") {
			all[command] = emptyTable.ReplaceAllString(all[command], "")
		}
	}
	return all
}

// sameRules fails where the kernel does not hold the same rules as before.
func (s *scene) sameRules(moment string, before map[string]string) {
	s.Helper()
	after := s.rules()
	for command := range before {
		if diff := cmp.Diff(strings.Split(before[command], "\n"), strings.Split(after[command], "\n")); diff != "" {
			s.Errorf("%s: %s differs (- before, + now):\n%s", moment, command, diff)
		}
	}
}
