package nftables

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
)

// The types of this file are the only text from outside that comes into a rule. Each admits a strict alphabet.

// chainName and setName name chains and sets of the table: letters, digits and "_", beginning with a letter. Sets and
// maps share their names.
type (
	chainName string
	setName   string
)

// slotName names the chain of a slot of a dispatch: "ingress4_tcp_8123", "egress6_echo", "ingress4_other". It says
// where the chain is needed and not what it holds, so that a line more or less leaves the other lines their counters.
func slotName(dispatch, slot string) chainName { return chainName(dispatch + "_" + slot) }

// dispatchMap names the map that leads from ports to chains: "ingress4_tcp", and "ingress4_tcp_ranges".
func dispatchMap(dispatch string, p host.Protocol, ranges bool) setName {
	name := dispatch + "_" + p.String()
	if ranges {
		name += "_ranges"
	}
	return setName(name)
}

// crowdName names the set of the clients of one prefix length, with their ports: "ingress4_tcp_from24".
func crowdName(dispatch string, p host.Protocol, bits int) setName {
	return setName(fmt.Sprintf("%s_%s_from%d", dispatch, p, bits))
}

// addressesName names the set of an AddressSet's addresses, and membersName that of a merged line's members.
func addressesName(f *family, s gate.AddressSet) setName { return contentName("addresses", f, s) }
func membersName(f *family, s gate.AddressSet) setName   { return contentName(membersPrefix, f, s) }

const membersPrefix = "members"

func contentName(prefix string, f *family, s gate.AddressSet) setName {
	return setName(prefix + f.digit + "_" + admitted(s.Name, "", 24) + "_" + admitted(s.ID, "", 24))
}

// admitted is the beginning of a text, with "_" for every byte but letters, digits, "_" and those listed.
func admitted(text, further string, limit int) string {
	b := []byte(text[:min(len(text), limit)])
	for i, c := range b {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte(further, c) < 0 {
			b[i] = '_'
		}
	}
	return string(b)
}

// interfaceText is an interface's name as rules have it. A name that could mean more than itself is an error.
func interfaceText(name string) (string, error) {
	if name == "" || len(name) > 15 || admitted(name, "._-@", 15) != name {
		return "", fmt.Errorf("the interface %q cannot be named in a rule; "+
			"rename it to 1 to 15 letters, digits, '.', '_', '-' or '@'", name)
	}
	return `"` + name + `"`, nil
}

// Comment says where a rule or an element comes from: "policy.yaml:3 allow 8123/tcp from office #0a1b2c3d".
type Comment string

const (
	commentAlphabet = " ,.:/=-#@"
	commentLimit    = 120 // bytes; the kernel's users take 128 with the zero at the end
	fileLimit       = 40
)

// ruleComment is the comment of what came from a rule of the policy. A long sentence is cut, never its hash.
func ruleComment(r gate.RuleRef) Comment {
	file := strings.ReplaceAll(r.Position.File, ":", "_")
	file = file[max(0, len(file)-fileLimit):]
	hash := " #" + admitted(r.Hash, "", 8)
	text := file + ":" + strconv.Itoa(r.Position.Line) + " " + r.Sentence
	return Comment(admitted(text, commentAlphabet, commentLimit-len(hash)) + hash)
}

// note is a comment of dockwall's own.
func note(text string) Comment { return Comment(admitted(text, commentAlphabet, commentLimit)) }

// rule is the rule that a comment speaks of; not ok: it speaks of none. The sentence may have been cut.
func (c Comment) rule() (ref gate.RuleRef, ok bool) {
	position, hash := c.split()
	if hash == "" {
		return ref, false
	}
	file, line, _ := strings.Cut(position, ":") // a file's name has no colon in a comment
	ref.Position.File = file
	ref.Position.Line, _ = strconv.Atoi(line)
	ref.Sentence = strings.TrimPrefix(strings.TrimSuffix(string(c), hash), position+" ")
	ref.Hash = strings.TrimPrefix(hash, " #")
	return ref, true
}

// split finds a rule's position and hash in its comment; "" if it is not a rule's.
func (c Comment) split() (position, hash string) {
	colon := strings.IndexByte(string(c), ':')
	end := strings.LastIndex(string(c), " #")
	if colon < 0 || end < colon {
		return "", ""
	}
	space := colon + 1
	for space < end && '0' <= c[space] && c[space] <= '9' {
		space++
	}
	if c[space] != ' ' || space == colon+1 || space == end {
		return "", ""
	}
	return string(c[:space]), string(c[end:])
}

// identity is what two comments have in common that differ only in the rule's position: a rule that moves in its file
// is not a new one. The hash is over the whole sentence.
func (c Comment) identity() string {
	if _, hash := c.split(); hash != "" {
		return hash
	}
	return string(c)
}
