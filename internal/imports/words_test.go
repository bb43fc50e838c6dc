package imports

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// commandsOf plays a script and gives the rules of DOCKER-USER as it leaves them, one a line, and what was not carried.
func commandsOf(t *testing.T, text string) (rules, notes string) {
	t.Helper()
	r := newReading(text)
	if err := r.read(); err != nil {
		t.Fatal(err)
	}
	var b, n strings.Builder
	for _, rule := range r.tables[ipv4].chains[chainName].rules {
		fmt.Fprintf(&b, "%d: %s\n", rule.line, strings.Join(rule.words, "|"))
	}
	for _, note := range r.uncarried {
		fmt.Fprintf(&n, "%d: %s\n", note.Line, note.Why)
	}
	return b.String(), n.String()
}

func TestScripts(t *testing.T) {
	const a = "iptables -A DOCKER-USER "
	for _, test := range []struct{ name, script, rules, notes string }{
		{"quotes",
			a + `-s "10.0.0.1" -m comment --comment 'it''s "x" # y' -j 'DR'OP`,
			"1: -s|10.0.0.1|-m|comment|--comment|its \"x\" # y|-j|DROP\n",
			""},
		{"continued", a + "-s 10.0.0.1 \\\n  -j \\\r\n DROP # end", "1: -s|10.0.0.1|-j|DROP\n", ""},
		{"redirected",
			a + "-j DROP >/dev/null 2>&1 </dev/null &>>log; " + a + "-j RETURN 2> x",
			"1: -j|DROP\n1: -j|RETURN\n",
			""},
		{"starters",
			"sudo -n iptables -w 5 -A DOCKER-USER -j DROP\n/usr/sbin/iptables-nft --wait -A DOCKER-USER -j DROP",
			"1: -j|DROP\n2: -j|DROP\n",
			""},
		{"variables", "A=10.0.0.1 B=\"-s $A\"\n" + a + "$B -j ${C:-DROP}", "2: -s|10.0.0.1|-j|DROP\n", ""},
		{"one word", "A='a b'\n" + a + `-m comment --comment "$A"`, "2: -m|comment|--comment|a b\n", ""},
		{"unknown variable", a + "-s $X -j DROP", "1: -s|$X|-j|DROP\n", ""},
		{"named by a variable", "$IPTABLES -A DOCKER-USER -j DROP", "1: -j|DROP\n", ""},
		{"loops",
			"for p in 80 443; do for s in tcp udp\ndo " + a + "-p $s --dport $p; done; done",
			"2: -p|tcp|--dport|80\n2: -p|udp|--dport|80\n2: -p|tcp|--dport|443\n2: -p|udp|--dport|443\n",
			""},
		{"loop over a command",
			"for p in $(cat ports); do " + a + "-p tcp --dport $p; done",
			"",
			"1: it stands inside `for`, and what $(cat ports) gives is not known\n"},
		{"counting loop",
			"for ((i = 0; i < 3; i++)); do " + a + "-j DROP; done",
			"",
			"1: it stands inside `for`, and whether it runs is not known\n"},
		{"conditional",
			"if [ -e x ]; then " + a + "-j DROP\nelse " + a + "-j RETURN; fi\n" + a + "-s 10.0.0.1",
			"3: -s|10.0.0.1\n",
			"1: it stands inside `if`, and whether it runs is not known\n" +
				"2: it stands inside `if`, and whether it runs is not known\n"},
		{"case",
			"case $1 in start|up) " + a + "-j DROP ;; *) exit 1;; esac\n" + a + "-j RETURN",
			"2: -j|RETURN\n",
			"1: it stands inside `case`, and whether it runs is not known\n"},
		{"function",
			"drop() {\n" + a + "-s $1 -j DROP\n return\n}\ndrop 10.0.0.1\ndrop 10.0.0.2",
			"2: -s|10.0.0.1|-j|DROP\n2: -s|10.0.0.2|-j|DROP\n",
			""},
		{"never called", "function drop { " + a + "-j DROP; }", "", ""},
		{"an array", "A=()\n" + a + "-j DROP", "2: -j|DROP\n", ""},
		{"and, or",
			"iptables -N x || iptables -F DOCKER-USER\niptables -N x && " + a + "-j DROP\ntrue && " + a +
				"-j RETURN\nfalse || " + a + "-s 10.0.0.1\n! false && " + a + "-s 10.0.0.2",
			"3: -j|RETURN\n4: -s|10.0.0.1\n5: -s|10.0.0.2\n",
			""},
		{"perhaps", "test -e x && " + a + "-j DROP", "", "1: whether it runs depends on the command before it\n"},
		{"insert, replace, delete",
			a + "-s 10.0.0.1\niptables -I DOCKER-USER -s 10.0.0.2\niptables -I DOCKER-USER 2 -s 10.0.0.3\n" +
				"iptables -R DOCKER-USER 1 -s 10.0.0.4\niptables -D DOCKER-USER -s 10.0.0.1\niptables -D DOCKER-USER 9",
			"4: -s|10.0.0.4\n3: -s|10.0.0.3\n",
			"6: as far as the text goes, DOCKER-USER has no rule at that place\n"},
		{"flushed", a + "-j DROP\niptables -F\n" + a + "-j RETURN", "3: -j|RETURN\n", ""},
		{"here-document",
			"cat <<'E' | iptables-restore -n\n*filter\n[0:0] -A DOCKER-USER -j DROP\nCOMMIT\nE\n" + a + "-j RETURN",
			"3: -j|DROP\n6: -j|RETURN\n",
			""},
		{"another here-document",
			"cat > x <<E\niptables -A DOCKER-USER -j DROP\nE\n" + a + "-j RETURN",
			"4: -j|RETURN\n",
			""},
		{"restored from a file", "iptables-restore < rules.v4", "", "1: it loads rules that are not in the text\n"},
		{"an open quote",
			a + "-m comment --comment 'x\n" + a + "-j DROP",
			"2: -j|DROP\n",
			"1: a quote is opened here and never closed\n"},
		{"something else",
			"nsenter -t 1 -n iptables -A DOCKER-USER -j DROP",
			"",
			"1: what nsenter does with the chain is not known\n"},
		{"saved",
			"*nat\n-A DOCKER-USER -j DROP\nCOMMIT\n*filter\n:DOCKER-USER - [0:0]\n" +
				"-A DOCKER-USER -m comment --comment \"a \\\"b\\\" -t nat\" -j DROP\nCOMMIT",
			"6: -m|comment|--comment|a \"b\" -t nat|-j|DROP\n",
			""},
	} {
		t.Run(test.name, func(t *testing.T) {
			rules, notes := commandsOf(t, test.script)
			if diff := cmp.Diff(test.rules, rules); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.notes, notes); diff != "" {
				t.Errorf("not carried over (-want +got):\n%s", diff)
			}
		})
	}
}
