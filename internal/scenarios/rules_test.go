package scenarios

import (
	"regexp"
	"strings"

	"github.com/google/go-cmp/cmp"
)

var (
	counters = regexp.MustCompile(`\[\d+:\d+\]`)
	remarks  = regexp.MustCompile(`(?m)^#.*\n`) // with the time of the dump
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
