package pathwitness

import (
	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// World is which tools rules are of.
type World struct {
	Name                string
	legacy, nft, native bool
	sometimes           bool // each of them in some cases only
}

// Worlds are all of them.
var Worlds = []World{
	{Name: "iptables-legacy", legacy: true},
	{Name: "iptables-nft", nft: true},
	{Name: "nft", native: true},
	{Name: "mixed", legacy: true, nft: true, native: true, sometimes: true},
}

// maxPackets is how many conversations a case has at most.
const maxPackets = 60

// NeedsLegacy tells whether a laboratory for the world has iptables-legacy's tables.
func (w World) NeedsLegacy() bool { return w.legacy }

// Draw is a case of the world, with rules that its tools may refuse some of; see Fitting.
func (w World) Draw(t *rapid.T) Case {
	d := draw{t: t}
	has := func(tool bool) bool { return tool && !(w.sometimes && d.chance(3)) }
	var r Rules
	sets := (w.legacy || w.nft) && d.chance(2)
	if sets {
		r.IPSet = drawSets(d)
	}
	if has(w.legacy) {
		r.Legacy4, r.Legacy6 = bothTexts(d, xtables{sets: sets})
	}
	if has(w.nft) {
		r.NFT4, r.NFT6 = bothTexts(d, xtables{sets: sets})
	}
	if has(w.native) {
		r.Native = drawNative(d)
	}
	return Case{Rules: r, Packets: drawPackets(t, maxPackets)}
}

func bothTexts(d draw, x xtables) (four, six string) {
	x.draw = draw{d.t, netfilter.IPv4}
	four = x.text()
	x.draw = draw{d.t, netfilter.IPv6}
	return four, x.text()
}
