package iptables

import "testing"

// Removing what the other variant has leaves its sets to it: they are in use there.
func TestRemoveLeavesTheOtherVariantsSets(t *testing.T) {
	other := map[string]string{"nft": "legacy", "legacy": "nft"}
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.install(sample())
		before := m.sets()
		if before == "" {
			m.Fatal("the sample has no sets: the test shows nothing")
		}
		m.must(m.in(New(Options{Variant: other[m.variant], Now: moment}).Remove))
		equal(m.T, "the sets", before, m.sets())
		m.must(m.in(m.backend.Remove))
		equal(m.T, "the sets after removal", "", m.sets())
	})
}

// Docker may come to use the other variant: the gate moves there, and with it the sets.
func TestMoveToTheOtherVariant(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.install(sample())
		other := &machine{m.T, m.space, New(Options{Variant: "nft", Now: moment}), "nft"}
		if m.variant == "nft" {
			other.backend, other.variant = New(Options{Variant: "legacy", Now: moment}), "legacy"
		}
		if i := other.read(); i != nil {
			m.Errorf("in the other variant, Read finds %+v", i)
		}
		other.docker()
		other.install(webGate("192.0.2.0/24")) // needs none of the sets, and must not touch them
		if c := m.plan(sample()); !c.Empty() {
			m.Errorf("after an install in the other variant, there is something to do (%s):\n%s", c.Summary, c.Text)
		}
		other.install(sample())
		m.must(m.in(m.backend.Remove))
		if c := other.plan(sample()); !c.Empty() {
			m.Errorf("after the removal of the old rules, there is something to do (%s):\n%s", c.Summary, c.Text)
		}
		m.must(m.in(other.backend.Remove))
		equal(m.T, "the sets after removal", "", m.sets())
	})
}
