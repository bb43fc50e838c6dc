package story

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
)

// behind is a scene with these rules in DOCKER-USER, before which one port is translated to a container.
func behind(six bool, rules ...string) Scene {
	network, dialled, target := "172.17.0.0/16", "203.0.113.10/32", "172.17.0.2:80"
	if six {
		network, dialled, target = "fd00:17::/64", "2001:db8::10/128", "[fd00:17::2]:80"
	}
	text := fmt.Sprintf("*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n"+
		"-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A POSTROUTING -s %s ! -o docker0 -j MASQUERADE\n"+
		"-A DOCKER -d %s ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination %s\n"+
		"-A DOCKER -d %[2]s ! -i docker0 -p udp -m udp --dport 8080 -j DNAT --to-destination %s\nCOMMIT\n", network, dialled, target, target)
	text += "*filter\n:FORWARD ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n-A FORWARD -i eno1 -j ACCEPT\n" +
		strings.Join(rules, "\n") + "\nCOMMIT\n"
	if six {
		return Scene{capture.IPTablesSave("", text), &host.Host{}}
	}
	return Scene{capture.IPTablesSave(text, ""), &host.Host{}}
}

func ask(t *testing.T, s Scene, r Request) *Story {
	t.Helper()
	q, err := s.Ask(r)
	if err != nil {
		t.Fatal(err)
	}
	return s.Tell(q)
}

// What a client sees of each way to refuse (iptables' words for them).
func TestWhatTheClientSees(t *testing.T) {
	for _, test := range []struct {
		target, with string
		six          bool
		want         string
	}{
		{"tcp", "tcp-reset", false, `refused: the client gets "connection refused"`},
		{"tcp", "icmp-port-unreachable", false, `refused: the client gets "connection refused"`},
		{"udp", "icmp-port-unreachable", false, `refused: the client gets "connection refused"`},
		{"tcp", "icmp-host-unreachable", false, `refused: the client gets "no route to host"`},
		{"tcp", "icmp-host-prohibited", false, `refused: the client gets "no route to host"`},
		{"tcp", "icmp-admin-prohibited", false, `refused: the client gets "no route to host"`},
		{"tcp", "icmp-net-unreachable", false, `refused: the client gets "network is unreachable"`},
		{"tcp", "icmp-net-prohibited", false, `refused: the client gets "network is unreachable"`},
		{"tcp", "icmp-proto-unreachable", false, `refused: the client gets "protocol not available"`},
		{"tcp", "icmp6-port-unreachable", true, `refused: the client gets "connection refused"`},
		{"tcp", "icmp6-adm-prohibited", true, `refused: the client gets "permission denied"`},
		{"tcp", "icmp6-no-route", true, `refused: the client gets "network is unreachable"`},
		{"tcp", "icmp6-addr-unreachable", true, `refused: the client gets "no route to host"`},
		{"tcp", "tcp-reset", true, `refused: the client gets "connection refused"`},
	} {
		t.Run(test.with, func(t *testing.T) {
			s := behind(test.six, fmt.Sprintf("-A DOCKER-USER -i eno1 -p %s -j REJECT --reject-with %s", test.target, test.with))
			r := Request{From: "198.51.100.7", To: "203.0.113.10", Target: "8080/" + test.target, In: "eno1"}
			if test.six {
				r.From, r.To = "2001:db8:1::7", "2001:db8::10"
			}
			told := ask(t, s, r)
			if len(told.Ways) != 1 || told.Ways[0].Sentence != test.want || told.Verdict != Refused {
				t.Errorf("%s: %s\nwant %s", told.Verdict, told.Minimal(), test.want)
			}
		})
	}
}

// nft's answers for either family are told as the client's family has them.
func TestRejectedWithEitherFamilys(t *testing.T) {
	for six, want := range map[bool]string{false: `refused: the client gets "no route to host"`, true: `refused: the client gets "permission denied"`} {
		s := behind(six, "-A DOCKER-USER -i eno1 -p tcp -j REJECT")
		for _, c := range s.Machine.Rules.Tables {
			if user := c.Chain("DOCKER-USER"); user != nil {
				user.Rules[0].Steps = []netfilter.Step{netfilter.Verdict{Kind: netfilter.Reject, With: "icmpx-admin-prohibited"}}
			}
		}
		r := Request{From: "198.51.100.7", To: "203.0.113.10", Target: "8080/tcp", In: "eno1"}
		if six {
			r.From, r.To = "2001:db8:1::7", "2001:db8::10"
		}
		if told := ask(t, s, r); told.Ways[0].Sentence != want {
			t.Errorf("%s, want %s", told.Minimal(), want)
		}
	}
}

// The rules themselves are told where they matter, and their whole way is in the JSON.
func TestSteps(t *testing.T) {
	s := behind(false, "-A DOCKER-USER -i eno1 -s 10.0.0.0/8 -j RETURN", "-A DOCKER-USER -i eno1 -j MARK --set-xmark 0x7/0xffffffff",
		"-A DOCKER-USER -i eno1 -j LOG --log-prefix \"seen \"", "-A DOCKER-USER -i eno1 -j DROP")
	told := ask(t, s, Request{From: "198.51.100.7", To: "203.0.113.10", Target: "8080/tcp"})
	var b strings.Builder
	told.Print(&b, Style{}, false)
	for want, shown := range map[string]bool{
		"DOCKER-USER rule 1": false, "DOCKER-USER rule 2": true, "DOCKER-USER rule 3": false, "DOCKER-USER rule 4": true,
		"nat DOCKER rule 1": true, "FORWARD rule 1": false,
	} {
		if strings.Contains(b.String(), want) != shown {
			t.Errorf("%s shown: %v, want %v; it is\n%s", want, !shown, shown, &b)
		}
	}
	data, err := json.Marshal(told)
	for _, place := range []string{"DOCKER-USER rule 1", "DOCKER-USER rule 3", `"verdict":"dropped"`, "FORWARD rule 1"} {
		if err != nil || !strings.Contains(string(data), place) {
			t.Errorf("the JSON lacks %q: %s, %v", place, data, err)
		}
	}
}

// Where rules exist that nobody read, nothing is certain.
func TestUnread(t *testing.T) {
	s := behind(false)
	s.Machine.Rules.Unread = []string{"somebody's rules\x1b[2J"}
	told := ask(t, s, Request{From: "198.51.100.7", To: "203.0.113.10", Target: "8080/tcp"})
	var b strings.Builder
	told.Print(&b, Style{}, false)
	if told.Verdict != Possibly || !strings.Contains(b.String(), "possibly: not all rules of this host were read") {
		t.Errorf("%s:\n%s", told.Verdict, &b)
	}
	if strings.Contains(strings.Join(told.Missing, ""), "\x1b") {
		t.Error("an escape comes through")
	}
	if !strings.HasPrefix(told.Minimal(), "possibly: reaches") {
		t.Errorf("in one line: %s", told.Minimal())
	}
}

// With userland-proxy=false the engine only holds a port that no NAT rule translates. Neither of its two marks alone says so.
func TestHeldPort(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(s Scene)
		want   string
	}{
		{"docker-proxy", func(Scene) {}, "reaches container clickhouse at 172.17.0.2:8123, through docker-proxy"},
		{"held", func(s Scene) { translateLoopback(s); letLoopbackOut(s) }, "dropped: not served: the client is connected, and nobody ever answers"},
		{"rules alone", translateLoopback, "reaches container clickhouse at 172.17.0.2:8123, through docker-proxy"},
		{"setting alone", letLoopbackOut, "reaches container clickhouse at 172.17.0.2:8123, through docker-proxy"},
	} {
		s := recorded(t, "docker-29.7-iptables")
		test.change(s)
		told := ask(t, s, Request{From: "2001:db8::7", Target: "8123/tcp"})
		if told.Minimal() != test.want || !told.Connects() {
			t.Errorf("%s: %s (connects: %v), want %s", test.name, told.Minimal(), told.Connects(), test.want)
		}
	}
}

func letLoopbackOut(s Scene) { s.Machine.Sysctls["net.ipv4.conf.docker0.route_localnet"] = "1" }

func translateLoopback(s Scene) {
	for _, table := range s.Machine.Rules.Tables {
		if c := table.Chain("OUTPUT"); c != nil && table.Name == "nat" {
			for _, r := range c.Rules {
				r.Steps = slices.DeleteFunc(r.Steps, func(step netfilter.Step) bool {
					test, is := step.(netfilter.Test)
					return is && test.Field == netfilter.DestinationAddress
				})
			}
		}
	}
}

// A port that docker-proxy serves and the container's own firewall way: the second leg decides.
func TestProxyCannotReach(t *testing.T) {
	s := recorded(t, "docker-29.7-iptables")
	for _, table := range s.Machine.Rules.Tables {
		if c := table.Chain("OUTPUT"); c != nil && table.Name == "filter" {
			c.Base.Policy = netfilter.Drop
		}
	}
	told := ask(t, s, Request{From: "2001:db8::7", Target: "8123/tcp"})
	if told.Verdict != Dropped || told.Minimal() != "dropped: docker-proxy takes the connection, cannot reach the container, and closes it" {
		t.Errorf("%s: %s", told.Verdict, told.Minimal())
	}
	if told.ByDockwall() {
		t.Error("dockwall is blamed for it")
	}
}
