package iptables

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/gate"
)

// rendered is a gate as the history keeps it, from a machine with Docker.
func (m *machine) rendered(g *gate.Gate) string {
	m.Helper()
	m.install(g)
	text, err := m.backend.Render(g, time.Time{})
	m.must(err)
	return text
}

// putBack restores a gate.
func (m *machine) putBack(text string) {
	m.Helper()
	m.must(m.in(func(ctx context.Context) error { return m.backend.Restore(ctx, text) }))
}

// withoutMade is save without what is said of the parts that were made: a machine without Docker has fewer to begin with.
func (m *machine) withoutMade() string {
	m.Helper()
	return regexp.MustCompile(`, made [^"]*`).ReplaceAllString(m.save(), "")
}

// What a restore made goes with Remove; DOCKER-USER stays, as Docker would have made it.
func TestRemoveAfterRestore(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		text := m.rendered(sample())
		after := newMachine(m.T, m.variant)
		after.putBack(text)
		after.must(after.in(after.backend.Remove))
		saved := after.save()
		if strings.Contains(saved, "DOCKWALL") || strings.Count(saved, "\n-A ") != 2 {
			m.Errorf("this stayed:\n%s", saved)
		}
		if m.variant == "nft" && strings.Contains(after.all(), "hook input") {
			m.Errorf("the chains that were made stayed:\n%s", after.all())
		}
	})
}

// On a machine without Docker's chains, DOCKER-USER is made with the jump to it, once, and the gate reads back as the one
// that was in force.
func TestRestore(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		text := m.rendered(sample())
		after := newMachine(m.T, m.variant) // as it is after a restart
		after.putBack(text)
		equal(t, "the filter tables", m.withoutMade(), after.withoutMade())
		if rest := after.plan(sample()); !rest.Empty() {
			m.Errorf("something is left to do: %s\n%s", rest.Summary, rest.Text)
		}
	})
}

// What Docker's chain holds already stays, and gets no second jump. IPv6 without a DOCKER-USER hangs on FORWARD.
func TestRestoreBesideDockersChain(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.restore("iptables", stubs)
		text := m.rendered(sample())
		after := newMachine(m.T, m.variant) // as it is after a restart
		after.restore("iptables", "*filter\n:DOCKER-USER - [0:0]\n-A DOCKER-USER -s 198.51.100.9/32 -j DROP\nCOMMIT\n")
		after.putBack(text)
		saved := after.save()
		contains(t, saved, "-A DOCKER-USER -s 198.51.100.9/32 -j DROP", "-A FORWARD -j DOCKWALL-FORWARD")
		if n := strings.Count(saved, "-A FORWARD -j DOCKER-USER\n"); n != 1 {
			m.Errorf("FORWARD goes to DOCKER-USER %d times:\n%s", n, saved)
		}
		if rest := after.plan(sample()); !rest.Empty() {
			m.Errorf("something is left to do: %s\n%s", rest.Summary, rest.Text)
		}
	})
}

// Sets that an interrupted restore left behind are used.
func TestRestoreAgain(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		text := m.rendered(sample())
		sections, err := Sections(text)
		m.must(err)
		if sections[0].Header != SetsHeader {
			m.Fatalf("the gate has no sets:\n%s", text)
		}
		after := newMachine(m.T, m.variant) // as it is after a restart
		_, err = after.space.Run(t.Context(), sections[0].Text, "ipset", "restore")
		m.must(err)
		after.putBack(text)
		equal(t, "the filter tables", m.withoutMade(), after.withoutMade())
	})
}

// What is no rendered gate is refused, and what the kernel does not take leaves nothing behind.
func TestRestoreRefuses(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		before := m.all()
		for _, text := range []string{"nonsense\n", IPv4Header + "\n*filter\n-A DOCKWALL-FORWARD -j NOWHERE\nCOMMIT\n"} {
			if err := m.in(func(ctx context.Context) error { return m.backend.Restore(ctx, text) }); err == nil {
				m.Errorf("this was taken: %q", text)
			}
		}
		if m.variant == "nft" {
			equal(t, "the host", before, m.all())
		}
	})
}
