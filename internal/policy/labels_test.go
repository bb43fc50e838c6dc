package policy

import (
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
	const at = "container nginx, label dockwall.allow"
	for _, row := range []struct{ container, label, rules, warning string }{
		{"nginx", "7777/tcp from office", "allow 7777/tcp from office", ""},
		{"nginx", "allow 7777/tcp from office", "allow 7777/tcp from office", ""},
		{"nginx", "tcp from 192.168.0.7; icmp from office;", "allow tcp from 192.168.0.7;allow icmp from office", ""},
		{"nginx", " ;; 7777/tcp from office on eno1 at 203.0.113.10 log ;", "allow 7777/tcp from office on eno1 at 203.0.113.10 log", ""},
		{"nginx", "7777/tcp from office except 192.168.0.1", "allow 7777/tcp from office except 192.168.0.1", ""},
		{"nginx", "7777/tcp", "allow 7777/tcp from any", at + ":1:1: warning: the sentence asks for more than labels.within and is cut down to it; write `from office` or a part of it"},
		{"nginx", "80/tcp from office; 7777/tcp from office,vpn", "allow 80/tcp from office;allow 7777/tcp from office,vpn",
			at + ":1:21: warning: the sentence asks for more than labels.within and is cut down to it; write `from office` or a part of it"},
		{"nginx", "7777/tcp from vpn", "allow 7777/tcp from vpn", at + ":1:1: warning: the sentence lies outside of labels.within and opens nothing; write `from office` or a part of it"},
		{"nginx", "7777/tcp from offcie; 80/tcp from office", "allow 80/tcp from office",
			at + ":1:15: warning: there is no set \"offcie\"; did you mean \"office\"?"},
		{"nginx", "deny 7777/tcp", "", at + ":1:1: warning: a label can only allow; deny in the policy file"},
		{"nginx", "7777/tcp from office to web", "", at + ":1:22: warning: a label speaks for its own container only; leave `to` out"},
		{"nginx", "7777 from office", "", at + ":1:1: warning: the protocol of port 7777 is missing; write 7777/tcp or 7777/udp"},
		{"nginx", "", "", at + ":1:1: warning: the label is empty; write for example 80,443/tcp from office"},
		{"nginx", " ; ", "", at + ":1:1: warning: the label is empty; write for example 80,443/tcp from office"},
		{"nginx", "80/tcp\nall from office", "", at + ":1:7: warning: the character U+000A has no place in a policy; remove it"},
		{"nginx", "80/tcp from office \x1b[2J", "", at + ":1:20: warning: the character U+001B has no place in a policy; remove it"},
		{"nginx", "80/tcp from office\xff", "", at + ":1:19: warning: the character U+FFFD has no place in a policy; remove it"},
		{"nginx", `80/tcp from "office"`, "", at + `:1:13: warning: "\"office\"" is neither an address nor the name of a set; addresses are written like 192.0.2.1, 10.0.0.0/8 or 2001:db8::1; host names are not looked up`},
		{"nginx", strings.Repeat("x", 300), "", at + `:1:1: warning: "` + strings.Repeat("x", 60) + `…" is not a port; ports are written 80/tcp, 80,443/tcp, 9100-9102/udp, tcp, icmp or all`},
		{"nginx", strings.Repeat(";", 5000), "", at + ":1:1: warning: the label is longer than 4096 characters and opens nothing"},
		{"sidecar", "80/tcp from office", "", "container sidecar, label dockwall.allow:1:1: warning: the container has joined another's network: its label opens nothing; put the label on the container whose network it is"},
		{"monitor", "80/tcp from office", "", "container monitor, label dockwall.allow:1:1: warning: the container uses the host's network, which the policy leaves alone: its label opens nothing"},
		{"old", "nonsense", "", ""},
	} {
		h := withLabel(row.container, "dockwall.allow", row.label)
		p, problems := policyOf(t, "").WithLabels(h)
		if problems.Err() != nil {
			t.Errorf("%q is an error: %v", row.label, problems)
		}
		if got := problems.Error(); got != row.warning {
			t.Errorf("%q:\n%s\nwant\n%s", row.label, got, row.warning)
		}
		var rules []string
		for _, r := range p.Ingress {
			rules = append(rules, r.String())
			if c := h.ContainerByID(r.Label); c == nil || c.Name != row.container || len(r.Within) != 1 || r.Within[0].Set != "office" {
				t.Errorf("%q speaks for %v within %v", row.label, c, r.Within)
			}
		}
		if got := strings.Join(rules, ";"); got != row.rules {
			t.Errorf("%q: rules %q, want %q", row.label, got, row.rules)
		}
	}
}

// The policy itself is not changed, and rules of files stay first.
func TestLabelsAreAdded(t *testing.T) {
	before := policyOf(t, "allow 8123/tcp; egress: deny all")
	after, _ := before.WithLabels(withLabel("nginx", "dockwall.allow", "7777/tcp from office"))
	if len(before.Ingress) != 1 || len(after.Ingress) != 2 || after.Ingress[0].Label != "" || after.Ingress[1].Label != "c2" {
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
			t.Errorf("%s has %q: %s: %s (%s), want %s", row.container, row.label, row.conversation, d.result(), d.Reason, row.want)
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
