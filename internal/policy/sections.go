package policy

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// topKeys are what a policy file may say.
var topKeys = []string{"version", "ingress", "egress", "sets", "defaults", "labels", "tests", "backend"}

// sections reads the file's keys.
func (f *file) sections() {
	top := scalar{source: f.source(1), word: word{"a policy file", 1}}
	if f.root != nil {
		f.mapping(f.root, top, "", func(key scalar, value ast.Node) {
			f.keys[key.text] = key
			f.section(key, value)
		})
	}
	if _, ok := f.keys["version"]; !ok {
		f.fail(scalar{source: f.source(1), word: word{"", 1}},
			faultf("begin the file with: version: 1", "the file does not say its version"))
	}
}

func (f *file) section(key scalar, value ast.Node) {
	switch key.text {
	case "version":
		f.version(key, value)
	case "ingress":
		f.ingress = f.rules(key, value, Ingress)
	case "egress":
		f.egress = f.rules(key, value, Egress)
	case "sets":
		f.mapping(value, key, "names with their addresses: office: [192.168.0.0/24]", f.set)
	case "defaults":
		f.mapping(value, key, "{ingress: deny, egress: allow, refuse: reject}", f.standard)
	case "labels":
		f.labels = &Labels{Position: key.source.position(key.column)}
		before := len(f.problems)
		f.mapping(value, key, "{within: office}", f.within)
		if len(f.labels.Within) == 0 && len(f.problems) == before {
			f.fail(key, faultf("write labels: {within: office}, or leave it out",
				"labels does not say what containers may open"))
		}
	case "tests":
		f.testList(key, value)
	case "backend":
		f.backend = f.choice(key, value, "auto", "nftables", "iptables")
	default:
		f.unknown(key, topKeys)
	}
}

func (f *file) unknown(key scalar, known []string) {
	hint := didYouMean(key.text, known)
	if hint == "" {
		hint = "the keys are " + strings.Join(known, ", ")
	}
	f.fail(key, faultf(hint, "unknown key %s", quote(key.text)))
}

func (f *file) version(key scalar, value ast.Node) {
	s, ok := f.scalar(value, key, "1")
	if ok && (s.text != "1" || s.quoted) {
		f.fail(s, faultf("write: version: 1", "the version of the policy language is the number 1, not %s", quote(s.text)))
	}
}

// choice is one of a few words; the first where it is wrong.
func (f *file) choice(key scalar, value ast.Node, words ...string) string {
	wanted := strings.Join(words, " or ")
	s, ok := f.scalar(value, key, wanted)
	for _, w := range words {
		if ok && s.text == w {
			return w
		}
	}
	if ok {
		f.fail(s, faultf("write "+wanted, "%s cannot be %s", key.text, quote(s.text)))
	}
	return words[0]
}

// standard is one key of defaults.
func (f *file) standard(key scalar, value ast.Node) {
	actions := map[string]Action{"allow": Allow, "deny": Deny}
	switch key.text {
	case "ingress":
		f.defaults.Ingress = actions[f.choice(key, value, "deny", "allow")]
	case "egress":
		f.defaults.Egress = actions[f.choice(key, value, "allow", "deny")]
	case "refuse":
		if f.choice(key, value, "reject", "drop") == "drop" {
			f.defaults.Refuse = Drop
		}
	default:
		f.unknown(key, []string{"ingress", "egress", "refuse"})
	}
}

func (f *file) rules(key scalar, value ast.Node, section Section) []Rule {
	sentences := f.list(value, key, "a sentence, for example: allow 8123/tcp from office")
	rules := make([]Rule, 0, len(sentences))
	for _, s := range sentences {
		r, problems := parseRule(s.source, s.column, s.text, section)
		f.problems = append(f.problems, problems...)
		rules = append(rules, r)
	}
	return rules
}

func (f *file) testList(key scalar, value ast.Node) {
	for _, s := range f.list(value, key, "a test, for example: 198.51.100.7 cannot reach 8123/tcp") {
		t, problems := parseTest(s.source, s.column, s.text)
		f.problems = append(f.problems, problems...)
		f.tests = append(f.tests, t)
	}
}

// within is the one key of labels: addresses and sets, as a list or between commas.
func (f *file) within(key scalar, value ast.Node) {
	if key.text != "within" {
		f.unknown(key, []string{"within"})
		return
	}
	const wanted = "addresses and sets: office"
	var items []scalar
	if _, ok := value.(*ast.SequenceNode); ok {
		items = f.list(value, key, wanted)
	} else if s, ok := f.scalar(value, key, wanted); ok {
		items = []scalar{s}
	}
	for _, s := range items {
		f.labels.Within = append(f.labels.Within, f.withinPeers(s)...)
	}
}

func (f *file) withinPeers(s scalar) []Peer {
	p := newSentence(s.source, s.column, s.text)
	peers := p.peers(word{"within", s.column}, true)
	if len(peers.Except) > 0 || !p.done() {
		p.fail(word{s.text, s.column}, faultf("write addresses and sets between commas",
			"this is more than a list of addresses"))
	}
	f.problems = append(f.problems, p.problems...)
	if peers.Any() && len(p.problems) == 0 {
		return everyAddress()
	}
	return peers.Items
}
