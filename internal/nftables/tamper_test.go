package nftables

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// handleOf is the handle of the rule that has the text, in a chain.
func (h *machine) handleOf(chain, text string) string {
	h.Helper()
	out, err := h.ns.Run(h.Context(), "", "nft", "-a", "list", "chain", "inet", "dockwall", chain)
	must(h.T, err)
	m := regexp.MustCompile(regexp.QuoteMeta(text) + `.* # handle (\d+)`).FindStringSubmatch(out)
	if m == nil {
		h.Fatalf("no rule %q in\n%s", text, out)
	}
	return m[1]
}

// Whatever is done to the table shows, and is repaired without touching anything else. untouched is a text that a
// repair must not have; whole says that the repair is the whole table.
func TestTamperingIsRepaired(t *testing.T) {
	for _, c := range []struct {
		name      string
		tamper    func(h *machine) string
		untouched string
		whole     bool
	}{
		{name: "rule deleted", untouched: "tcp_53", tamper: func(h *machine) string {
			return "delete rule inet dockwall ingress4_tcp_22 handle " + h.handleOf("ingress4_tcp_22", `iifname "eth1"`)
		}},
		{name: "hook's rule deleted", tamper: func(h *machine) string {
			return "delete rule inet dockwall forward handle " + h.handleOf("forward", "goto to_container")
		}},
		{name: "rule added", tamper: func(h *machine) string {
			return "insert rule inet dockwall ingress4 accept"
		}},
		{name: "rule with an anonymous set added", tamper: func(h *machine) string {
			return "insert rule inet dockwall ingress4 tcp dport { 1, 2 } accept"
		}},
		{name: "rule changed, comment kept", untouched: "ingress4_udp_53", tamper: func(h *machine) string {
			return fmt.Sprintf("replace rule inet dockwall ingress4_tcp_53 handle %s counter accept comment %q",
				h.handleOf("ingress4_tcp_53", "@addresses4_office"), ruleComment(ref(1, "allow 53 from office")))
		}},
		{name: "comment changed, rule kept", tamper: func(h *machine) string {
			return fmt.Sprintf("replace rule inet dockwall ingress4_other handle %s "+
				"ct original ip saddr 10.9.9.9 counter accept comment %q",
				h.handleOf("ingress4_other", "10.9.9.9"), "something else")
		}},
		{name: "rules swapped", tamper: func(h *machine) string {
			return "delete rule inet dockwall ingress4 handle " + h.handleOf("ingress4", "ct status expected") +
				"; insert rule inet dockwall ingress4 ct status expected accept"
		}},
		{name: "chain flushed", tamper: func(h *machine) string { return "flush chain inet dockwall ingress4_tcp_53" }},
		{name: "all chains flushed", tamper: func(h *machine) string { return "flush table inet dockwall" }},
		{name: "all rules and an inner chain deleted", tamper: func(h *machine) string {
			return "flush table inet dockwall; delete chain inet dockwall to_container"
		}},
		{name: "a hook deleted", tamper: func(h *machine) string {
			return "flush chain inet dockwall forward; delete chain inet dockwall forward"
		}},
		{name: "a hook moved", whole: true, tamper: func(h *machine) string {
			return "flush chain inet dockwall forward; delete chain inet dockwall forward;" +
				"add chain inet dockwall forward { type filter hook forward priority 5; }"
		}},
		{name: "policy changed", untouched: "ingress4", tamper: func(h *machine) string {
			return "add chain inet dockwall input { type filter hook input priority filter - 10; policy drop; }"
		}},
		{name: "foreign chain added", tamper: func(h *machine) string {
			return "add chain inet dockwall foreign { type filter hook forward priority -500; policy drop; }"
		}},
		{name: "foreign chains, map and rule added", tamper: func(h *machine) string {
			return `
add chain inet dockwall one
add chain inet dockwall two
add map inet dockwall three { type ipv4_addr : verdict; }
add rule inet dockwall two ip saddr vmap @three
add element inet dockwall three { 1.2.3.4 : jump one }
add rule inet dockwall one accept
insert rule inet dockwall forward jump two`
		}},
		{name: "foreign set with a name that cannot be trusted", whole: true, tamper: func(h *machine) string {
			return "add set inet dockwall a-b { type ipv4_addr; }"
		}},
		{name: "port deleted", tamper: func(h *machine) string { return "delete element inet dockwall ingress4_tcp { 22 }" }},
		{name: "port added", tamper: func(h *machine) string {
			return "add element inet dockwall ingress4_tcp { 23 : accept }"
		}},
		{name: "port led elsewhere", tamper: func(h *machine) string {
			return "delete element inet dockwall ingress4_tcp { 22 };" +
				"add element inet dockwall ingress4_tcp { 22 : goto ingress4_tcp_53 }"
		}},
		{name: "range of ports made longer", tamper: func(h *machine) string {
			return "delete element inet dockwall ingress4_tcp_ranges { 81-90 };" +
				"add element inet dockwall ingress4_tcp_ranges { 81-99 : goto ingress4_tcp_81 }"
		}},
		{name: "address added", tamper: func(h *machine) string {
			return "add element inet dockwall " + string(addressesName(family4, addresses("office"))) + " { 10.66.0.0/16 }"
		}},
		{name: "all addresses deleted", tamper: func(h *machine) string {
			return "flush set inet dockwall " + string(addressesName(family4, addresses("office")))
		}},
		{name: "member deleted", tamper: func(h *machine) string {
			return "delete element inet dockwall " + string(membersName(family4, addresses("crowd"))) + " { 10.0.0.2 }"
		}},
		{name: "member of another rule", tamper: func(h *machine) string {
			set := string(membersName(family4, addresses("crowd")))
			return "delete element inet dockwall " + set + " { 10.0.0.2 };" +
				"add element inet dockwall " + set + ` { 10.0.0.2 counter comment "policy.yaml:1 allow any #01234567" }`
		}},
		{name: "interface taken out", tamper: func(h *machine) string {
			return `delete element inet dockwall docker { "docker0" }`
		}},
		{name: "interface added", tamper: func(h *machine) string {
			return `add element inet dockwall docker { "eth0" }`
		}},
		{name: "interface with a name that cannot be trusted", whole: true, tamper: func(h *machine) string {
			return `add element inet dockwall docker { "e;h0" }`
		}},
		{name: "set made anew as something else", whole: true, tamper: func(h *machine) string {
			return "flush table inet dockwall; delete set inet dockwall docker;" +
				"add set inet dockwall docker { type ifname; timeout 1h; }"
		}},
		{name: "crowd's set made anew as something else", tamper: func(h *machine) string {
			return "add set inet dockwall ingress4_tcp_from24 { type inet_proto; };" +
				"add element inet dockwall ingress4_tcp_from24 { tcp };" +
				"insert rule inet dockwall ingress4_dispatch ip protocol @ingress4_tcp_from24 accept"
		}},
		{name: "table switched off", tamper: func(h *machine) string {
			return "add table inet dockwall { flags dormant; }"
		}},
		{name: "note changed", tamper: func(h *machine) string {
			return "flush chain inet dockwall about"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newMachine(t)
			g := everything()
			h.apply(g)
			before := h.wording()
			h.nft("%s", c.tamper(h))
			repair := h.apply(g) // which looks whether all is right afterwards
			if repair.Empty() {
				t.Fatal("it does not show")
			}
			if diff := cmp.Diff(before, h.wording()); diff != "" {
				t.Errorf("the repaired table differs (-before +after):\n%s", diff)
			}
			if got := strings.Contains(repair.Text, "delete table"); got != c.whole {
				t.Errorf("the whole table made anew: %v, want %v:\n%s", got, c.whole, repair.Text)
			}
			if c.untouched != "" && strings.Contains(repair.Text, c.untouched) {
				t.Errorf("the repair touches %s:\n%s", c.untouched, repair.Text)
			}
		})
	}
}

// The whole table is made again where there is none.
func TestDeletedTableIsRepaired(t *testing.T) {
	h := newMachine(t)
	h.apply(recipe())
	before := h.wording()
	h.nft("delete table inet dockwall")
	h.apply(recipe())
	if diff := cmp.Diff(before, h.wording()); diff != "" {
		t.Errorf("the repaired table differs (-before +after):\n%s", diff)
	}
}

// What is in force is read from the kernel: a line that nothing leads to any more is not.
func TestLinesAreWhatIsInForce(t *testing.T) {
	h := newMachine(t)
	h.apply(recipe())
	h.nft("delete element inet dockwall ingress4_tcp { 8123 }")
	for _, l := range h.read().Lines {
		if l.Way == "ingress" && strings.HasPrefix(l.Rule.Sentence, "allow 8123") {
			t.Errorf("%s is said to be in force", lineText(l))
		}
	}
}
