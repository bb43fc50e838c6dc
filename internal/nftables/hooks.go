package nftables

import (
	"fmt"
	"strings"
)

// fewBridges is up to how many bridges are compared one by one. A comparison of a name costs about a third of its
// lookup in a set, and a packet to a container would need more than five comparisons from four bridges on.
const fewBridges = 3

// hooks makes the chains where packets come in. What has nothing to do with Docker goes no further.
func (b *builder) hooks(bridges []string) {
	inside := b.interfaces(bridges)
	forward := b.hook("forward")
	for _, in := range inside.bridges {
		forward.add("oifname %s %s goto to_container", in, inside.not("iif"))
	}
	for _, in := range inside.bridges {
		forward.add("iifname %s %s goto from_container", in, inside.not("oif"))
	}
	b.hook("input").add("%s goto to_host", inside.not("iif"))
	b.hook("output").add("%s ct direction reply goto from_host", inside.not("oif"))
}

func (b *builder) hook(name chainName) *chain {
	c := b.table.addChain(name)
	c.hook = fmt.Sprintf("type filter hook %s priority filter - 10; policy accept;", name)
	return c
}

// inside is how Docker's bridges are compared with: each name, or the name of a set of them.
type inside struct{ bridges []string }

// interfaces makes the set of Docker's bridges where there are more than a few.
func (b *builder) interfaces(bridges []string) inside {
	docker := &set{name: "docker", kind: interfaces}
	var names []string
	for _, bridge := range bridges {
		name, err := interfaceText(bridge)
		if err != nil {
			b.errs = append(b.errs, err)
			return inside{}
		}
		names = append(names, name)
		docker.elements = append(docker.elements, element{first: interfaceKey(bridge), last: interfaceKey(bridge)})
	}
	if len(bridges) > fewBridges {
		return inside{[]string{"@" + string(b.addSet(docker))}}
	}
	return inside{names}
}

// not matches what does not come in by ("iif") or go out by ("oif") a bridge or the loopback interface, which has the
// same index in every network namespace.
func (i inside) not(direction string) string {
	var text strings.Builder
	for _, bridge := range i.bridges {
		fmt.Fprintf(&text, "%sname != %s ", direction, bridge)
	}
	const loopback = 1 // LOOPBACK_IFINDEX
	fmt.Fprintf(&text, "%s != %d", direction, loopback)
	return text.String()
}
