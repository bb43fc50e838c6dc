package iptables

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/gate"
)

// rule is one rule of a chain of ours. Only this package's words, numbers and addresses come into match and target;
// text from elsewhere is a comment or an interfaceName.
type rule struct {
	match   string // "-m conntrack --ctdir ORIGINAL", "" everything
	comment comment
	target  string // "-j RETURN", "-g DOCKWALL-..."
}

// text is the rule as iptables-restore takes it, without its chain.
func (r rule) text() string {
	words := make([]string, 0, 3)
	if r.match != "" {
		words = append(words, r.match)
	}
	if r.comment.text != "" {
		words = append(words, `-m comment --comment "`+r.comment.text+`"`)
	}
	if r.target != "" {
		words = append(words, r.target)
	}
	return strings.Join(words, " ")
}

// identity is the rule's text without the place in a file that its comment names: moving a sentence is no change.
func (r rule) identity() string {
	return r.match + "\x00" + r.comment.lasting + "\x00" + r.target
}

// commentLimit is the longest comment in bytes: iptables and ipset both take 255.
const commentLimit = 250

// comment is text that nothing gives a meaning to, neither iptables-restore nor ipset: letters, digits, space and
// ,.:/=_-#. Everything else is '_'.
type comment struct {
	text    string
	lasting string // the part that says what the rule is, without where the sentence stands
}

// remark is a comment in our own words.
func remark(text string) comment {
	text = harmless(text, commentLimit)
	return comment{text, text}
}

// origin is the comment with the line of the policy that a rule came from: "policy.yaml:12 allow 80/tcp #1a2b3c4d".
func origin(r gate.RuleRef) comment {
	lasting := harmless(r.Sentence, 120) + " #" + harmless(r.Hash, 8)
	line := ":" + strconv.Itoa(r.Position.Line) + " "
	file := harmless(r.Position.File, len(r.Position.File))
	if room := commentLimit - len(line) - len(lasting); len(file) > room {
		file = file[len(file)-room:] // the end of a path says more than its beginning
	}
	return comment{file + line + lasting, lasting}
}

func harmless(text string, limit int) string {
	b := []byte(text[:min(len(text), limit)])
	for i, c := range b {
		if !isAlphanumeric(c) && strings.IndexByte(" ,.:/=_-#", c) < 0 {
			b[i] = '_'
		}
	}
	return string(b)
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// interfaceName is a name that means just this interface. iptables takes a "+" at its end for "any that begin so", and
// ipset a comma for the next word.
type interfaceName string

func newInterfaceName(name string) (interfaceName, error) {
	ok := name != "" && len(name) <= 15 && isAlphanumeric(name[0])
	for _, c := range []byte(name) {
		ok = ok && (isAlphanumeric(c) || c == '.' || c == '_' || c == '-')
	}
	if !ok {
		return "", fmt.Errorf("the interface %q cannot be named in a rule: "+
			"use a name of 1 to 15 letters, digits, '.', '_' and '-' that begins with a letter or digit", name)
	}
	return interfaceName(name), nil
}

// digest is 12 hexadecimal digits over words. It tells ("ab", "c") from ("a", "bc").
func digest(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x01")))
	return hex.EncodeToString(sum[:])[:12]
}
