package iptables

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// others are rules of others: of the host's owner in DOCKER-USER and INPUT, and of Docker.
const others = `*filter
:DOCKER - [0:0]
-A DOCKER-USER -s 198.51.100.9/32 -m comment --comment "by hand" -j DROP
-A DOCKER-USER -j RETURN
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
*nat
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
`

// What is installed can be read back, and Remove leaves the host as it was.
func TestInstallAndRemove(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.restore("iptables", others)
		before := m.all()
		m.install(sample())
		installed := m.read()
		if !installed.Since.Equal(moment()) {
			m.Errorf("in force since %s, want %s", installed.Since, moment())
		}
		golden(m.T, "installed.txt", linesText(installed.Lines))
		m.must(m.in(m.backend.Remove))
		equal(m.T, "the host after Remove", before, m.all())
		m.must(m.in(m.backend.Remove)) // nothing there: no error
		if again := m.read(); again != nil {
			m.Errorf("after Remove, Read finds %+v", again)
		}
	})
}

// linesText is installed lines as text, one each.
func linesText(lines []backend.Line) string {
	var b strings.Builder
	for _, l := range lines {
		what := l.Rule.Position.String() + " " + l.Rule.Sentence + " #" + l.Rule.Hash
		if l.Default {
			what = "default"
		}
		ports := []string{}
		for _, p := range l.Ports {
			set := policy.PortSet{Protocol: p.Protocol, Ranges: []policy.PortRange{{First: p.First, Last: p.Last}}}
			ports = append(ports, set.String())
		}
		fmt.Fprintf(&b, "%d | %s | %s | %s | %s\n", l.Family, l.Way, strings.Join(ports, " "), l.Action, what)
	}
	return b.String()
}

// On a host where Docker uses no IPv6, its jump stands in FORWARD. The nft variant leaves nothing behind; the legacy
// one keeps the table in the kernel, and no other table.
func TestRemoveWithoutIPv6Table(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.restore("iptables", stubs)
		before := m.all()
		m.install(sample())
		contains(m.T, m.save(), "-A FORWARD -j DOCKWALL-FORWARD")
		m.must(m.in(m.backend.Remove))
		after := m.all()
		if m.variant == "legacy" {
			empty := "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
			after = strings.Replace(after, empty, "", 1)
		}
		equal(m.T, "the host after Remove", before, after)
	})
}

// Merely reading makes no table and no chain.
func TestReadMakesNothing(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		before := m.all()
		if i := m.read(); i != nil {
			m.Errorf("Read finds %+v on an empty host", i)
		}
		m.must(m.in(m.backend.Remove))
		equal(m.T, "the host after Read and Remove", before, m.all())
		equal(m.T, "an empty host's iptables-save", "", m.save())
	})
}

// A built-in chain that was made for our rules stays if others have come to use it.
func TestRemoveKeepsWhatOthersUse(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.restore("iptables", stubs)
		m.install(sample())
		m.restore("ip6tables", "*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\n:OUTPUT DROP [0:0]\nCOMMIT\n")
		m.must(m.in(m.backend.Remove))
		contains(m.T, m.save(), "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", ":OUTPUT DROP")
	})
}

// Gates follow each other: what differs is written, what does not is not mentioned, and nothing is left over.
func TestChangeIsTheDifference(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		first := m.install(webGate("192.0.2.0/24"))
		if again := m.plan(webGate("192.0.2.0/24")); !again.Empty() || again.Summary != "" {
			m.Errorf("an equal gate is a change (%s):\n%s", again.Summary, again.Text)
		}
		second := m.install(webGate("198.51.100.0/24"))
		other := webGate("").IPv4.Ingress.Segments[1].Chain.Lines[0].Rule.Hash
		contains(m.T, first.Text, other, "-I DOCKER-USER")
		for _, same := range []string{other, "DOCKER-USER", IPv6Header} {
			if strings.Contains(second.Text, same) {
				m.Errorf("the change speaks of %q, which did not change:\n%s", same, second.Text)
			}
		}
		fresh := m.plan(webGate("198.51.100.0/24"))
		if !fresh.Empty() {
			m.Errorf("not all of the change came to be:\n%s", fresh.Text)
		}
		if n := strings.Count(m.save(), ":DOCKWALL-i-"); n != 2 {
			m.Errorf("there are %d leaves, want 2: old chains stay behind:\n%s", n, m.save())
		}
	})
}

// webGate lets some clients to port 80, and everybody to port 443.
func webGate(clients string) *gate.Gate {
	web := allow(3, "80/tcp from office")
	if clients != "" {
		web.Client = addressesOf(clients)
	}
	g := &gate.Gate{Bridges: []string{"docker0"}}
	g.IPv4.Ingress.Segments = []gate.Segment{
		segment(host.TCP, 80, chainOf(web)),
		segment(host.TCP, 443, chainOf(allow(4, "443/tcp from any"))),
	}
	return g
}

// Lines of the policy that only move are no change; with the next one they are written as they then stand.
func TestMovedSentencesAreNoChange(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.install(sample())
		moved := sample()
		for _, f := range []*gate.Family{&moved.IPv4, &moved.IPv6} {
			for _, s := range f.Ingress.Segments {
				for i := range s.Chain.Lines {
					s.Chain.Lines[i].Rule.Position.Line += 100
					for j := range s.Chain.Lines[i].Members {
						s.Chain.Lines[i].Members[j].Rule.Position.File = "/etc/dockwall/policy.d/new.yaml"
					}
				}
			}
		}
		if c := m.plan(moved); !c.Empty() {
			m.Errorf("moved sentences are a change (%s):\n%s", c.Summary, c.Text)
		}
	})
}

// Docker moves its chains: IPv6's jump goes where FORWARD leads.
func TestPlaceOfIPv6(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.restore("iptables", stubs)
		// There is a DOCKER-USER, but nothing leads to it.
		m.restore("ip6tables", "*filter\n:DOCKER-USER - [0:0]\n-A FORWARD -i eth9 -j ACCEPT\nCOMMIT\n")
		m.install(sample())
		contains(m.T, m.save(), "-A FORWARD -j DOCKWALL-FORWARD\n-A FORWARD -i eth9 -j ACCEPT\n")
		m.restore("ip6tables", "*filter\n-I FORWARD -j DOCKER-USER\nCOMMIT\n")
		m.install(sample())
		if strings.Contains(m.save(), "-A FORWARD -j DOCKWALL-FORWARD") {
			m.Errorf("the old jump stayed:\n%s", m.save())
		}
	})
}

// A host without DOCKER-USER is told so, and nothing is changed.
func TestNoDockerUser(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		before := m.all()
		err := m.in(func(ctx context.Context) error {
			installed, err := m.backend.Read(ctx)
			m.must(err)
			_, err = m.backend.Change(sample(), installed)
			return err
		})
		if err == nil {
			m.Fatal("a host without DOCKER-USER is accepted")
		}
		contains(m.T, err.Error(), "no chain DOCKER-USER", "backend: nftables")
		equal(m.T, "the host", before, m.all())
	})
}

// What Render prints can be fed to the programs by hand, section by section.
func TestRenderedSectionsLoad(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		text, err := m.backend.Render(sample(), time.Time{})
		m.must(err)
		sections, err := Sections(text)
		m.must(err)
		for _, s := range sections {
			command := strings.Fields(strings.TrimPrefix(s.Header, "# "))
			tool := strings.Replace(command[0], "tables-", "tables-"+m.variant+"-", 1)
			_, err := m.space.Run(context.Background(), s.Text, tool, command[1:]...)
			m.must(err)
		}
		if c := m.plan(sample()); !c.Empty() {
			m.Errorf("the rendered gate is not the gate (%s):\n%s", c.Summary, c.Text)
		}
	})
}

// The deepest way that a gate can make: names of many bridges, then four levels of ports. The nft variant follows 15
// chains one after the other, and not one more.
func TestDeepestWayLoads(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		g := large(500, 1)
		a, b := chainOf(deny(1, "all")), chainOf(allow(2, "all"))
		var segments []gate.Segment
		for port := range uint16(4200) {
			segments = append(segments, segment(host.UDP, 1+2*port, a), segment(host.UDP, 2+2*port, b))
		}
		g.IPv4.Ingress.Segments, g.IPv4.Egress.Segments = segments, segments
		m.must(m.in(func(ctx context.Context) error { return m.backend.Rehearse(ctx, g) }))
	})
}
