package iptables

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/gate"
)

// setPrefix begins the name of every set of ours. ipset takes names of at most 31 bytes.
const setPrefix = "dockwall-"

// ipset is one set of ours. Its name holds a hash of its content, so a set of that name either has this content or was
// tampered with; it never has to be changed while rules use it.
type ipset struct {
	name     string
	kind     string // "hash:net family inet", as create takes it
	counted  bool   // its elements have counters and comments: each is of one rule. Other sets serve several rules
	elements []element
}

// element is one entry, as ipset prints it.
type element struct {
	key     string // "10.0.0.0/8", "8123"
	comment comment
}

// newSet names a set after its content. salt keeps apart sets that must not be one.
func newSet(label, kind string, counted bool, elements []element, salt string) ipset {
	words := []string{kind, salt, strconv.FormatBool(counted)}
	for _, e := range elements {
		words = append(words, e.key, e.comment.lasting)
	}
	return ipset{setPrefix + label + "-" + digest(words...), kind, counted, elements}
}

// portSet is the set of the ports of segments.
func portSet(segments []gate.Segment) ipset {
	var elements []element
	for _, s := range segments {
		for port := int(s.First); port <= int(s.Last); port++ {
			elements = append(elements, element{key: strconv.Itoa(port)})
		}
	}
	return newSet("ports", "bitmap:port range 0-65535", false, elements, "")
}

// addressSet is the set of prefixes.
func (f *family) addressSet(prefixes []string) ipset {
	elements := make([]element, len(prefixes))
	for i, key := range prefixes {
		elements[i].key = key
	}
	return newSet(fmt.Sprintf("net%d", f.number), "hash:net family "+f.sets, false, elements, "")
}

// memberSet is the set of a merged line, with a counter for each rule in it.
func (f *family) memberSet(l *gate.Line) ipset {
	var elements []element
	for _, m := range l.Members {
		for _, key := range prefixKeys([]netipx.IPRange{m.Range}) {
			elements = append(elements, element{key, origin(m.Rule)})
		}
	}
	return newSet(fmt.Sprintf("rules%d", f.number), "hash:net family "+f.sets, true, elements, l.Client.ID)
}

// prefixKeys are ranges as elements of hash:net, which cannot hold all addresses as one prefix.
func prefixKeys(ranges []netipx.IPRange) []string {
	var keys []string
	for _, r := range ranges {
		for _, p := range r.Prefixes() {
			if p.Bits() == 0 {
				keys = append(keys, prefixKey(netip.PrefixFrom(r.From(), 1)), prefixKey(netip.PrefixFrom(r.To(), 1)))
				continue
			}
			keys = append(keys, prefixKey(p))
		}
	}
	return keys
}

// prefixKey is a prefix as ipset prints it: a single address stands without its length.
func prefixKey(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.Masked().String()
}

// createText is the line that makes the set. The sizes are hints that save the kernel work, and do not count as
// content.
func (s ipset) createText() string {
	text := "create " + s.name + " " + s.kind
	if strings.HasPrefix(s.kind, "hash:") {
		text += fmt.Sprintf(" maxelem %d", max(65536, len(s.elements)))
	}
	if s.counted {
		text += " counters comment"
	}
	return text
}

// addText is the line that adds an element.
func (s ipset) addText(e element) string {
	text := "add " + s.name + " " + e.key
	if s.counted {
		text += ` comment "` + e.comment.text + `"`
	}
	return text
}

// sortSets puts sets in the order of their names.
func sortSets(sets []ipset) {
	slices.SortFunc(sets, func(a, b ipset) int { return cmp.Compare(a.name, b.name) })
}
