package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/host"
)

// withLabel is the test host with one label on one container.
func withLabel(container, key, value string) *host.Host {
	h := testHost()
	for i := range h.Containers {
		if c := &h.Containers[i]; c.Name == container {
			c.Labels = map[string]string{key: value}
		}
	}
	return h
}

// What a label opens, and what is said about it. Problems of labels are warnings, always.
func TestLabels(t *testing.T) {
	const (
		wider = "the sentence asks for more than labels.within and is cut down to it; " +
			"write `from office` or a part of it"
		outside    = "the sentence lies outside of labels.within and opens nothing; write `from office` or a part of it"
		empty      = "the label is empty; write for example 80,443/tcp from office"
		badRune    = "the character %s has no place in a policy; remove it"
		portForm   = "is not a port; ports are written 80/tcp, 80,443/tcp, 9100-9102/udp, tcp, icmp or all"
		quotedName = `"\"office\"" is neither an address nor the name of a set; addresses are written like 192.0.2.1, ` +
			"10.0.0.0/8 or 2001:db8::1; host names are not looked up"
	)
	for _, row := range []struct{ label, rules, warning string }{
		{"7777/tcp from office", "allow 7777/tcp from office", ""},
		{"allow 7777/tcp from office", "allow 7777/tcp from office", ""},
		{"tcp from 192.168.0.7; icmp from office;", "allow tcp from 192.168.0.7;allow icmp from office", ""},
		{" ;; 1/tcp from office on eno1 log ;", "allow 1/tcp from office on eno1 log", ""},
		{"1/tcp from office at 203.0.113.10", "allow 1/tcp from office at 203.0.113.10", ""},
		{"7777/tcp from office except 192.168.0.1", "allow 7777/tcp from office except 192.168.0.1", ""},
		{"7777/tcp", "allow 7777/tcp from any", "1: " + wider},
		{"1/tcp from office; 2/tcp from office,vpn", "allow 1/tcp from office;allow 2/tcp from office,vpn", "20: " + wider},
		{"7777/tcp from vpn", "allow 7777/tcp from vpn", "1: " + outside},
		{"7777/tcp from offcie; 80/tcp from office", "allow 80/tcp from office",
			`15: there is no set "offcie"; did you mean "office"?`},
		{"deny 7777/tcp", "", "1: a label can only allow; deny in the policy file"},
		{"1/tcp from office to web", "", "19: a label speaks for its own container only; leave `to` out"},
		{"7777 from office", "", "1: the protocol of port 7777 is missing; write 7777/tcp or 7777/udp"},
		{"", "", "1: " + empty},
		{" ; ", "", "1: " + empty},
		{"80/tcp\nall from office", "", "7: " + fmt.Sprintf(badRune, "U+000A")},
		{"80/tcp from office \x1b[2J", "", "20: " + fmt.Sprintf(badRune, "U+001B")},
		{"80/tcp from office\xff", "", "19: " + fmt.Sprintf(badRune, "U+FFFD")},
		{`80/tcp from "office"`, "", "13: " + quotedName},
		{long(300), "", `1: "` + long(60) + `…" ` + portForm},
		{strings.Repeat(";", 5000), "", "1: the label is longer than 4096 characters and opens nothing"},
	} {
		h := withLabel("nginx", "dockwall.allow", row.label)
		p, problems := policyOf(t, "").WithLabels(h)
		if problems.Err() != nil {
			t.Errorf("%q is an error: %v", row.label, problems)
		}
		const at = "container nginx, label dockwall.allow:1:"
		got := strings.ReplaceAll(strings.ReplaceAll(problems.Error(), at, ""), "warning: ", "")
		if got != row.warning {
			t.Errorf("%q:\n%s\nwant\n%s", row.label, got, row.warning)
		}
		if got := labelRules(t, p, "c2"); got != row.rules {
			t.Errorf("%q: rules %q, want %q", row.label, got, row.rules)
		}
	}
}

// labelRules is the rules of a policy that has none but one container's, between semicolons.
func labelRules(t *testing.T, p *Policy, container string) string {
	t.Helper()
	var rules []string
	for _, r := range p.Ingress {
		rules = append(rules, r.String())
		if r.Label != container || fmt.Sprint(r.Within) != "[office]" {
			t.Errorf("%q speaks for %q within %v", r, r.Label, r.Within)
		}
	}
	return strings.Join(rules, ";")
}

// Labels that could not mean anything say so, and those of containers that do not run are not looked at.
func TestLabelsIrrelevant(t *testing.T) {
	for container, want := range map[string]string{
		"sidecar": "container sidecar, label dockwall.allow:1:1: warning: the container has joined another's network: " +
			"its label opens nothing; put the label on the container whose network it is",
		"monitor": "container monitor, label dockwall.allow:1:1: warning: the container uses the host's network, " +
			"which the policy leaves alone: its label opens nothing",
		"old": "",
	} {
		p, problems := policyOf(t, "").WithLabels(withLabel(container, "dockwall.allow", "nonsense"))
		if problems.Error() != want || len(p.Ingress) > 0 {
			t.Errorf("%s: %v, %v", container, problems, p.Ingress)
		}
	}
}

// The policy itself is not changed, and rules of files stay first.
func TestLabelsAreAdded(t *testing.T) {
	before := policyOf(t, "allow 8123/tcp; egress: deny all")
	after, _ := before.WithLabels(withLabel("nginx", "dockwall.allow", "7777/tcp from office"))
	const want = "[allow 8123/tcp from any allow 7777/tcp from office]"
	if fmt.Sprint(after.Ingress) != want || len(before.Ingress) != 1 {
		t.Errorf("before %v, after %v", before.Ingress, after.Ingress)
	}
	if diff := cmp.Diff(before.Egress, after.Egress, compareAddresses, compareRanges); diff != "" {
		t.Error(diff)
	}
}

// Without `labels:` no label opens anything, and each is reported.
func TestLabelsWithout(t *testing.T) {
	p := policyOf(t, "")
	p.Labels = nil
	merged, problems := p.WithLabels(withLabel("nginx", "dockwall.allow", "7777/tcp from office\x07"))
	const want = "container nginx, label dockwall.allow:1:1: warning: the policy lets no label open anything; " +
		"to change that, write labels: {within: office} into the policy"
	if problems.Error() != want || len(merged.Ingress) != 0 {
		t.Errorf("%v and %v", problems, merged.Ingress)
	}
}

// Other labels of dockwall's are misspelt ones.
func TestLabelsMisspelt(t *testing.T) {
	_, problems := policyOf(t, "").WithLabels(withLabel("nginx", "dockwall.alow", "7777/tcp"))
	const want = "container nginx: warning: the label \"dockwall.alow\" means nothing; only dockwall.allow means something"
	if problems.Error() != want {
		t.Error(problems)
	}
}

// A label's rule is about its own container, from within only.
func TestDecideLabels(t *testing.T) {
	for _, row := range []struct{ container, label, conversation, want string }{
		{"nginx", "7777/tcp", "eno1 192.168.0.7 > 203.0.113.10 7777/tcp", "allowed"},
		{"nginx", "7777/tcp", "eno1 198.51.100.7 > 203.0.113.10 7777/tcp", "refused"},
		{"nginx", "7777/tcp from any", "eno1 198.51.100.7 > 203.0.113.10 7777/tcp", "refused"},
		{"nginx", "7777/tcp from 192.168.0.7", "eno1 192.168.0.7 > 203.0.113.10 7777/tcp", "allowed"},
		{"nginx", "7777/tcp from 192.168.0.8", "eno1 192.168.0.7 > 203.0.113.10 7777/tcp", "refused"},
		{"nginx", "7777/tcp from office except 192.168.0.7", "eno1 192.168.0.7 > 203.0.113.10 7777/tcp", "refused"},
		{"nginx", "all", "eno1 192.168.0.7 > 203.0.113.10 7777/udp", "allowed"},
		{"nginx", "all", "eno1 192.168.0.7 > 203.0.113.10 8123/tcp", "refused"},
		{"nginx", "all", "eno1 192.168.0.7 > 172.17.0.3 80/tcp", "allowed"},
		{"nginx", "all", "eno1 192.168.0.7 > 172.17.0.77 80/tcp", "refused"},
		{"nginx", "all", "eno1 192.168.0.7 > 203.0.113.10 8080/tcp", "refused"},
		{"clickhouse", "7777/tcp", "eno1 192.168.0.7 > 203.0.113.10 7777/tcp", "refused"},
		{"nginx", "all", "docker0>eno1 172.17.0.3 > 1.1.1.1 80/tcp", "allowed"},
	} {
		h := withLabel(row.container, "dockwall.allow", row.label)
		p, _ := policyOf(t, "").WithLabels(h)
		if d := Decide(p, h, conversation(t, row.conversation)); d.result() != row.want {
			t.Errorf("%s has %q: %s: %s, want %s", row.container, row.label, row.conversation, d.Reason, row.want)
		}
	}
}

// A deny in a file is above what a label opens.
func TestDecideLabelsDenied(t *testing.T) {
	h := withLabel("nginx", "dockwall.allow", "7777/tcp")
	p, _ := policyOf(t, "deny all from 192.168.0.7").WithLabels(h)
	if d := Decide(p, h, conversation(t, "eno1 192.168.0.7 > 203.0.113.10 7777/tcp")); d.Allowed {
		t.Error(d.Reason)
	}
}
