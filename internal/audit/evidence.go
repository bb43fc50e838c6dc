package audit

import (
	"net/netip"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/walk"
)

// example is one of the packets, that most certainly are, as readable as they allow: to the address of the interface
// that they arrive on where they can be.
func (a *auditor) example(w way) (p netfilter.Packet, possibly, some bool) {
	if !w.to.IsValid() {
		return a.nearExample(w)
	}
	e, known := a.examples[w.set]
	if !known {
		e.packet, e.possibly, e.some = exampleOf(w.set, "")
		a.examples[w.set] = e
	}
	e.packet.In, e.packet.Destination = w.in, w.to
	return e.packet, e.possibly, e.some
}

// exampled is what exampleOf said.
type exampled struct {
	packet         netfilter.Packet
	possibly, some bool
}

// nearExample is an example of a way to any address.
func (a *auditor) nearExample(w way) (p netfilter.Packet, possibly, some bool) {
	set := w.set.Certainly()
	if possibly = set.IsEmpty(); possibly {
		set = w.set.Possibly()
	}
	for _, address := range a.near(w.in) {
		at := set.And(atAddress(a.analysis.Space(w.family), netfilter.DestinationAddress, address))
		if !at.IsEmpty() {
			set = at
			break
		}
	}
	p, some = set.Example()
	p.In = w.in
	return p, possibly, some
}

// near are the addresses of an interface, public ones first.
func (a *auditor) near(in string) []netip.Addr {
	var public, others []netip.Addr
	for _, i := range a.outside {
		for _, p := range i.Addresses {
			switch {
			case i.Name != in || p.Addr().IsLinkLocalUnicast():
			case isPrivate(p.Addr()):
				others = append(others, p.Addr())
			default:
				public = append(public, p.Addr())
			}
		}
	}
	return append(public, others...)
}

// evidence is a packet with its way through the host, as package walk follows it.
func (a *auditor) evidence(p netfilter.Packet) Evidence {
	if a.walker == nil {
		a.walker = walk.New(a.machine)
	}
	return evidence(a.scene, a.walker, p)
}

func evidence(scene story.Scene, w *walk.Walker, p netfilter.Packet) Evidence {
	told := scene.TellWith(w, walk.Question{Packet: p, Moment: walk.First})
	var b strings.Builder
	told.Print(&b, story.Style{}, false)
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return Evidence{Packet: told.Title, Trace: lines[1:]}
}

// among are the packets of a way from some sources.
func (w way) among(s packetset.Set) way {
	w.set = w.set.And(s)
	return w
}
