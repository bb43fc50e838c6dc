package pathwitness

import (
	"slices"
	"strings"
	"testing"
)

// What is left is what the failure needs, in its order.
func TestShrinkKeepsWhatItTakesToFail(t *testing.T) {
	list := strings.Fields("a b c d e f g h i j k")
	got := without(list, func(smaller []string) bool { return slices.Contains(smaller, "c") && slices.Contains(smaller, "j") })
	if want := []string{"c", "j"}; !slices.Equal(got, want) {
		t.Errorf("shrunk to %v, want %v", got, want)
	}
	c := Case{Rules: Rules{Native: "one\ntwo\nthree\n", NFT4: "four\n"}, Packets: make([]Packet, 5)}
	c.Packets[3].User = 7
	c = Shrink(c, func(c Case) bool {
		return slices.ContainsFunc(c.Packets, func(p Packet) bool { return p.User == 7 }) && strings.Contains(c.Rules.Native, "two")
	})
	if c.Rules.Native != "two\n" || c.Rules.NFT4 != "" || len(c.Packets) != 1 {
		t.Errorf("shrunk to %+v", c)
	}
}

// Lines that a tool names are taken out; what is no rule stays.
func TestRefusedLinesAreTakenOut(t *testing.T) {
	for _, test := range []struct{ name, text, message, want string }{
		{"nft", "table ip t {\n  tcp dport 1\n  bad\n}\n", "/dev/stdin:3:3-6: Error: no", "table ip t {\n  tcp dport 1\n}\n"},
		{"legacy", "*filter\n-A X -j Y\nCOMMIT\n", "iptables-restore: line 2 failed", "*filter\nCOMMIT\n"},
		{"iptables-nft", "*filter\n-A X -j Y\n-A X -j Z\nCOMMIT\n", "line 3: RULE_APPEND failed", "*filter\n-A X -j Y\nCOMMIT\n"},
		{"no rule", "*filter\nCOMMIT\n", "iptables-restore: line 2 failed", ""},
	} {
		text := test.text
		r := refusal{&text, errorString(test.message)}
		if took := r.takeOut(); took != (test.want != "") || took && text != test.want {
			t.Errorf("%s: took something out: %v, and left %q", test.name, took, text)
		}
	}
}

type errorString string

func (e errorString) Error() string { return string(e) }
