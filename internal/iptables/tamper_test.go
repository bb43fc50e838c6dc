package iptables

import (
	"context"
	"regexp"
	"strings"
	"testing"
)

// tampering is what somebody does to our rules. LEAF, PORTS, SET and MEMBERS stand for the names of a chain or a set of
// IPv4's.
var tampering = []struct {
	name    string
	tool    string
	text    string
	repairs string // part of the change
	not     string // must not be in the change
}{
	{"the jump is deleted", "iptables", "-D DOCKER-USER -j DOCKWALL-FORWARD",
		"-I DOCKER-USER -j DOCKWALL-FORWARD", "-I INPUT"},
	{"DOCKER-USER is flushed", "iptables", "-F DOCKER-USER", "-I DOCKER-USER -j DOCKWALL-FORWARD", "-D"},
	{"a rule stands before the jump", "iptables", "-I DOCKER-USER -s 203.0.113.77 -j ACCEPT",
		"-D DOCKER-USER -j DOCKWALL-FORWARD\n-I DOCKER-USER -j DOCKWALL-FORWARD", "203.0.113.77"},
	{"the jump is there twice", "iptables", "-A DOCKER-USER -j DOCKWALL-FORWARD",
		"-D DOCKER-USER -j DOCKWALL-FORWARD\n-D DOCKER-USER -j DOCKWALL-FORWARD\n-I DOCKER-USER -j DOCKWALL-FORWARD",
		"INPUT"},
	{"the jump is narrowed", "iptables", "-R DOCKER-USER 1 -i eth0 -j DOCKWALL-FORWARD",
		"-D DOCKER-USER -i eth0 -j DOCKWALL-FORWARD\n-I DOCKER-USER -j DOCKWALL-FORWARD", "INPUT"},
	{"another chain jumps to ours", "iptables", "-A FORWARD -i eth9 -j DOCKWALL-FORWARD",
		"-D FORWARD -i eth9 -j DOCKWALL-FORWARD", "-I"},
	{"INPUT's jump is deleted", "ip6tables", "-D INPUT -j DOCKWALL-INPUT", "-I INPUT -j DOCKWALL-INPUT", "-I OUTPUT"},
	{"OUTPUT is flushed", "ip6tables", "-F OUTPUT", "-I OUTPUT -j DOCKWALL-OUTPUT", "-I INPUT"},
	{"a rule of a leaf is deleted", "iptables", "-D LEAF 1", ":LEAF - [0:0]", "-I"},
	{"a leaf is flushed", "iptables", "-F LEAF", ":LEAF - [0:0]", "-I"},
	{"a rule comes into a leaf", "iptables", "-I LEAF -j ACCEPT", ":LEAF - [0:0]", "-I"},
	{"a rule is added to a leaf", "iptables", "-A LEAF -j ACCEPT", ":LEAF - [0:0]", "-I"},
	{"a rule of a leaf is changed", "iptables", "-R LEAF 1 -j ACCEPT", ":LEAF - [0:0]", "-I"},
	{"a node loses its ports", "iptables", "-D PORTS 1", ":PORTS - [0:0]", ":LEAF "},
	{"a root is flushed", "iptables", "-F DOCKWALL-FORWARD", ":DOCKWALL-FORWARD - [0:0]", ":LEAF "},
	{"a chain in our name appears", "iptables", "-N DOCKWALL-mine", "-X DOCKWALL-mine", ":LEAF "},
	{"the note of the time is gone", "iptables", "-F DOCKWALL-ABOUT", "-A DOCKWALL-ABOUT", "LEAF"},
	{"a set loses an element", "ipset", "del SET 192.0.2.100", "add SET 192.0.2.100", "*filter"},
	{"a set gains an element", "ipset", "add SET 203.0.113.77", "del SET 203.0.113.77", "*filter"},
	{"a rule in a set is another", "ipset", "add MEMBERS 192.0.2.200 comment x",
		"del MEMBERS 192.0.2.200\nadd MEMBERS 192.0.2.200 comment", "*filter"},
	{"a set in our name appears", "ipset", "create dockwall-mine hash:ip", "destroy dockwall-mine", "*filter"},
}

// Whatever somebody does to our rules is seen, and the change repairs that and nothing else.
func TestTampering(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.restore("iptables", others)
		m.install(sample())
		intact, names := m.ours(), m.names()
		for _, c := range tampering {
			tool := c.tool
			if tool != "ipset" {
				tool = strings.Replace(tool, "tables", "tables-"+m.variant, 1)
			}
			arguments := strings.Fields(names.Replace(c.text))
			if tool == "ipset" {
				arguments = append([]string{"-exist"}, arguments...)
			}
			_, err := m.space.Run(context.Background(), "", tool, arguments...)
			m.must(err)
			change := m.install(sample())
			if !strings.Contains(change.Text, names.Replace(c.repairs)) {
				m.Errorf("%s: the change lacks %q:\n%s", c.name, names.Replace(c.repairs), change.Text)
			}
			if strings.Contains(change.Text, names.Replace(c.not)) {
				m.Errorf("%s: the change has %q:\n%s", c.name, names.Replace(c.not), change.Text)
			}
			equal(m.T, c.name+": what is ours after the repair", intact, m.ours())
		}
	})
}

// ours is all lines of iptables-save with our names, without the note of what was made for us: once it is gone nobody
// knows.
func (m *machine) ours() string {
	m.Helper()
	lines := strings.Join(regexp.MustCompile(`(?m)^.*DOCKWALL-.*$`).FindAllString(m.save(), -1), "\n")
	return regexp.MustCompile(`, made [a-zA-Z ]+`).ReplaceAllString(lines, "")
}

// names replaces LEAF and so on by names of what is installed.
func (m *machine) names() *strings.Replacer {
	m.Helper()
	find := func(pattern string) string {
		found := regexp.MustCompile(pattern).FindStringSubmatch(m.save())
		if found == nil {
			m.Fatalf("no %s in:\n%s", pattern, m.save())
		}
		return found[1]
	}
	leaf := find(`-A (DOCKWALL-i-\S+) .*8123/tcp from office`)
	return strings.NewReplacer("LEAF", leaf, "PORTS", find(`-A (DOCKWALL-ports-\S+) .*-g `+leaf),
		"SET", find(`-A `+leaf+` -m set --match-set (dockwall-net4-\S+) src`),
		"MEMBERS", find(`--match-set (dockwall-rules4-\S+) src`))
}
