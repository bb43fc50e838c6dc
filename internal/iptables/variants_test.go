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
