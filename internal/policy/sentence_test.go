package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/host"
)

var (
	compareAddresses = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	compareRanges    = cmp.Comparer(func(a, b netipx.IPRange) bool { return a == b })
	ignorePositions  = cmp.Comparer(func(a, b Position) bool { return true })
)

// Sentences as people write them, and as they are printed.
func TestSentences(t *testing.T) {
	for _, row := range []struct {
		section         Section
		text, canonical string
	}{
		{Ingress, "allow 8123/tcp from office", "allow 8123/tcp from office"},
		{Ingress, "  allow   8123/tcp\tfrom office  ", "allow 8123/tcp from office"},
		{Ingress, "allow 6379/tcp", "allow 6379/tcp from any"},
		{Ingress, "allow 6379/tcp from any to any", "allow 6379/tcp from any"},
		{Ingress, "allow 80,443/tcp 443/udp from any to shop/web", "allow 80,443/tcp 443/udp from any to shop/web"},
		{Ingress, "allow 80, 443/tcp from office , vpn", "allow 80,443/tcp from office,vpn"},
		{Ingress, "allow 80/tcp 443/tcp", "allow 80,443/tcp from any"},
		{Ingress, "allow 80/tcp 53/udp 443/tcp", "allow 80,443/tcp 53/udp from any"},
		{Ingress, "allow tcp from office to shop/db:5432", "allow tcp from office to shop/db:5432"},
		{Ingress, "allow 9100-9102/tcp 9100-9100/udp", "allow 9100-9102/tcp 9100/udp from any"},
		{Ingress, "allow 1-65535/sctp", "allow 1-65535/sctp from any"},
		{Ingress, "allow tcp udp sctp icmp", "allow tcp udp sctp icmp from any"},
		{Ingress, "deny all from blocklist", "deny all from blocklist"},
		{Ingress, "deny all", "deny all from any"},
		{Ingress, "allow icmp from 10.0.0.0/8", "allow icmp from 10.0.0.0/8"},
		{Ingress, "deny all from 10.0.0.0-10.255.255.255", "deny all from 10.0.0.0/8"},
		{Ingress, "deny all from 10.0.0.1-10.0.0.1", "deny all from 10.0.0.1"},
		{Ingress, "deny all from 10.0.0.1-10.0.0.4", "deny all from 10.0.0.1-10.0.0.4"},
		{Ingress, "deny all from 10.0.0.7/32", "deny all from 10.0.0.7"},
		{Ingress, "deny all from 2001:DB8:0:0::/32", "deny all from 2001:db8::/32"},
		{Ingress, "deny all from ::/0", "deny all from ::/0"},
		{Ingress, "deny all from ::1", "deny all from ::1"},
		{Ingress, "deny all from fe80::-fe80::ff", "deny all from fe80::/120"},
		{Ingress, "allow 80/tcp from any except 10.0.0.1,vpn", "allow 80/tcp from any except 10.0.0.1,vpn"},
		{Ingress, "allow 80/tcp from office,10.0.0.0/8 except 10.0.0.1 to any except web",
			"allow 80/tcp from office,10.0.0.0/8 except 10.0.0.1 to any except web"},
		{Ingress, "allow 80/tcp to web,shop/web,network:front,label:role,label:role=web,label:role=",
			"allow 80/tcp from any to web,shop/web,network:front,label:role,label:role=web,label:role="},
		{Ingress, "allow tcp to web:1,shop/web:2,network:front:3,label:role:4,label:role=web:5,label:role=:65535",
			"allow tcp from any to web:1,shop/web:2,network:front:3,label:role:4,label:role=web:5,label:role=:65535"},
		{Ingress, "allow 80/tcp to Web_1.a-b", "allow 80/tcp from any to Web_1.a-b"},
		{Ingress, "allow 80/tcp to 0a1b2c", "allow 80/tcp from any to 0a1b2c"},
		{Ingress, "allow 80/tcp to label:com.example/a_b-c=v1.2+x@y~z%",
			"allow 80/tcp from any to label:com.example/a_b-c=v1.2+x@y~z%"},
		{Ingress, "allow 80/tcp on eno1 at 203.0.113.10 log", "allow 80/tcp from any on eno1 at 203.0.113.10 log"},
		{Ingress, "allow 80/tcp from vpn to web on enp3s0f0.100 log", "allow 80/tcp from vpn to web on enp3s0f0.100 log"},
		{Ingress, "allow 80/tcp at 2001:db8::10", "allow 80/tcp from any at 2001:db8::10"},
		{Egress, "deny all to 169.254.169.254", "deny all to 169.254.169.254"},
		{Egress, "deny all", "deny all to any"},
		{Egress, "deny all from shop/web", "deny all from shop/web to any"},
		{Egress, "allow 443/tcp from network:front except shop/db to any except 10.0.0.0/8 on wg0 log",
			"allow 443/tcp from network:front except shop/db to any except 10.0.0.0/8 on wg0 log"},
	} {
		r, problems := ParseSentence(row.section, row.text)
		if len(problems) > 0 {
			t.Errorf("%q:\n%s", row.text, problems.Caret())
			continue
		}
		if r.String() != row.canonical {
			t.Errorf("%q is printed as %q, want %q", row.text, r.String(), row.canonical)
		}
		again, problems := ParseSentence(row.section, r.String())
		if diff := cmp.Diff(r, again, compareAddresses, compareRanges, ignorePositions); diff != "" || len(problems) > 0 {
			t.Errorf("%q printed and parsed again (-first +second):\n%s%s", row.text, diff, problems.Caret())
		}
	}
}

// What a sentence is made of, once in full.
func TestSentenceParts(t *testing.T) {
	got, problems := ParseSentence(Ingress,
		"deny 80,90-91/tcp sctp from office,10.0.0.0/8 except ::1 to label:a=b,p/s:5 on eno1 at 192.0.2.1 log")
	if len(problems) > 0 {
		t.Fatal(problems.Caret())
	}
	at := func(column int) Position { return Position{File: "sentence", Line: 1, Column: column} }
	want := Rule{
		Section: Ingress, Action: Deny,
		Ports: []PortSet{{Protocol: host.TCP, Ranges: []PortRange{{80, 80}, {90, 91}}}, {Protocol: host.SCTP}},
		From: Peers{
			Items: []Peer{
				{Set: "office", Position: at(29)},
				{Range: netipx.MustParseIPRange("10.0.0.0-10.255.255.255"), Position: at(36)},
			},
			Except: []Peer{{Range: netipx.MustParseIPRange("::1-::1"), Position: at(54)}},
		},
		To: Peers{Items: []Peer{
			{Container: &ContainerSelector{LabelKey: "a", LabelValue: "b", HasLabelValue: true}, Position: at(61)},
			{Container: &ContainerSelector{Project: "p", Service: "s", Port: 5}, Position: at(71)},
		}},
		Interface: "eno1", At: netip.MustParseAddr("192.0.2.1"), Log: true, Position: at(1),
	}
	if diff := cmp.Diff(want, got, compareAddresses, compareRanges); diff != "" {
		t.Errorf("rule (-want +got):\n%s", diff)
	}
}

// A sentence from the command line has its problems with carets too, and hostile text in it is shown, not played.
func TestParseSentenceProblems(t *testing.T) {
	for text, want := range map[string]string{
		"allow 8123/tcp frm office": `sentence:1:16: "frm" is not understood here
    1 | allow 8123/tcp frm office
      |                ^^^ did you mean "from"?`,
		"allow 8123/tcp\nfrom any": `sentence:1:15: the character U+000A has no place in a policy
    1 | allow 8123/tcp�from any
      |               ^ remove it`,
		"allow 8123/tcp \x1b[31m": `sentence:1:16: the character U+001B has no place in a policy
    1 | allow 8123/tcp �[31m
      |                ^ remove it`,
		"": "sentence:1:1: there is no sentence here; " +
			"a rule begins with allow or deny: allow 8123/tcp from office",
		"allow 80/tcp from " + long(300): "",
	} {
		_, problems := ParseSentence(Ingress, text)
		if problems.Err() == nil {
			t.Errorf("%q was taken", text)
		}
		if got := problems[:1].Caret(); want != "" && got != want {
			t.Errorf("%q:\n%s\nwant\n%s", text, got, want)
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

// Names have limits, and the longest are taken.
func TestNames(t *testing.T) {
	for _, row := range []struct {
		ok   bool
		text string
	}{
		{true, "allow 80/tcp from " + long(64)}, {false, "allow 80/tcp from " + long(65)},
		{true, "allow 80/tcp to " + long(255)}, {false, "allow 80/tcp to " + long(256)},
		{true, "allow 80/tcp on " + long(15)}, {false, "allow 80/tcp on " + long(16)},
		{false, "allow 80/tcp on any"}, {false, "allow 80/tcp on eth0:1"}, {false, "allow 80/tcp on ../x"},
		{false, "allow 80/tcp from 1office"}, {false, "allow 80/tcp from _office"}, {true, "allow 80/tcp from o_f-1"},
		{false, "allow 80/tcp to .web"}, {false, "allow 80/tcp to we$b"}, {false, "allow 80/tcp to a/b/c"},
		{false, "allow 80/tcp to label:a=b c"}, {true, "allow 80/tcp to label:a=b=c"}, {false, "allow 80/tcp to label:a=é"},
		{false, "allow 80/tcp to label:a='b'"}, {false, "allow 80/tcp to network:a/b"}, {false, "allow 80/tcp to 1.2.3.4"},
	} {
		if _, problems := ParseSentence(Ingress, row.text); (len(problems) == 0) != row.ok {
			t.Errorf("%q taken: %v, want %v\n%s", row.text, !row.ok, row.ok, problems.Caret())
		}
	}
}
