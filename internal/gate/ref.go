package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/policy"
)

// sentenceLimit is the longest Sentence of a RuleRef, in bytes: it has to fit into a rule's comment with its position.
const sentenceLimit = 100

// NewRuleRef is the reference to a rule. Characters that rule syntax could give a meaning to become '_' in its
// Sentence, and what is too long is cut; the Hash is over the whole sentence as written, and for a label's also over
// whose it is: the same words mean another container there.
func NewRuleRef(r policy.Rule) RuleRef {
	words := []string{r.Section.String(), r.String()}
	if r.Label != "" {
		words = append(words, r.Position.File)
	}
	return RuleRef{Position: r.Position, Sentence: harmless(words[1]), Hash: digest(8, words...)}
}

func harmless(sentence string) string {
	b := []byte(sentence[:min(len(sentence), sentenceLimit)])
	for i, c := range b {
		if !isAlphanumeric(c) && strings.IndexByte(" ,.:/=_-", c) < 0 {
			b[i] = '_'
		}
	}
	return string(b)
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// digest is that many hexadecimal digits (an even number) over words. It tells ("ab", "c") from ("a", "bc").
func digest(digits int, words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:digits/2])
}

// fromRule is what both backends write as the comment of a line: "policy.yaml:12 allow 80/tcp from any #1a2b3c4d".
var fromRule = regexp.MustCompile(`^(.*?):(\d+) ((?:allow|deny) .*) #([0-9a-f]{8})$`)

// ParseRuleRef is the rule of the policy that the comment of an installed rule or set element speaks of; not ok: it
// speaks of none. The sentence may have been cut.
func ParseRuleRef(comment string) (ref RuleRef, ok bool) {
	m := fromRule.FindStringSubmatch(comment)
	if m == nil {
		return ref, false
	}
	line, err := strconv.Atoi(m[2])
	return RuleRef{Position: policy.Position{File: m[1], Line: line}, Sentence: m[3], Hash: m[4]}, err == nil
}
