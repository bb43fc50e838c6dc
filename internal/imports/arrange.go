package imports

import (
	"github.com/dockwall/dockwall/internal/policy"
)

// sentence is one box on its way into the policy, with the entry it comes from; nil: the end of the chain.
type sentence struct {
	allow bool
	box   box
	entry *entry
	also  *entry // the other family's, that says the same
	cut   bool   // the box is less than the entry's: others decide the rest first

	rules   []policy.Rule
	remarks []string
}

// arrangement is one way to say a section.
type arrangement struct {
	standard  policy.Action
	sentences []sentence
	failed    []failure
	stricter  []*entry // denies that could not be cut
}

// failure is an entry that an arrangement cannot say.
type failure struct {
	entry *entry
	err   error
}

// item is an entry's boxes in one section.
type item struct {
	entry *entry
	boxes []box
	cuts  []box
}

// arrange says a section in sentences without an order. In the chain the first match decides; in the policy any deny
// wins. Two ways are exact, and the shorter one is taken:
//
//   - allows stay as they are, denies are cut by the allows before them (standing);
//   - allows are cut by the denies before them, and the rest is refused by default (allowing).
func (c *conversion) arrange(s policy.Section) section {
	items := c.items(s)
	closed := len(remainder(items)) == 0
	ways := []arrangement{standing(items, closed)}
	if a, err := allowing(items); err == nil {
		ways = append(ways, a)
	}
	best, least := 0, -1
	for i := range ways {
		if cost := c.render(&ways[i], s); least < 0 || cost < least {
			best, least = i, cost
		}
	}
	return c.settle(ways[best], s)
}

// items are the entries that say something in a section, without those that are never reached.
func (c *conversion) items(s policy.Section) []item {
	var items []item
	var earlier []item // what may shadow others
	for _, e := range c.entries {
		part := &e.section[s]
		if len(part.boxes) == 0 {
			continue
		}
		if part.dead = shadowed(part.boxes, earlier); part.dead > 0 {
			continue
		}
		i := item{e, part.boxes, part.cuts}
		items = append(items, i)
		if len(c.entries) <= fewEntries || len(earlier) < fewEntries && len(i.boxes) == 1 && i.boxes[0].broad() {
			earlier = append(earlier, i)
		}
	}
	return items
}

// fewEntries is how many entries are all looked at as what may shadow the others. Of more only broad ones are, and no
// more than that.
const fewEntries = 100

// broad tells whether a box may be expected to cover others: it names no single ports, or no addresses.
func (b box) broad() bool {
	return b.ports.wide() || within(wholeSet(ipv4), b.peers) || within(wholeSet(ipv6), b.peers)
}

// shadowed is the line that decides the last of the boxes' conversations before them; 0: they are reached.
func shadowed(boxes []box, earlier []item) int {
	for _, i := range earlier {
		rest, err := minusAll(boxes, i.boxes)
		if err != nil {
			return 0
		}
		if boxes = rest; len(boxes) == 0 {
			return i.entry.line
		}
	}
	return 0
}

// remainder is what reaches the end of the chain, looking at what refuses without naming ports.
func remainder(items []item) []box {
	rest := []box{everything()}
	for _, i := range items {
		if i.entry.allow || !i.boxes[0].ports.wide() {
			continue
		}
		if less, err := minusAll(rest, i.boxes); err == nil {
			rest = less
		}
	}
	return rest
}

// standing keeps allows as they are. Where the end is closed only those denies are said that an allow behind them
// makes necessary; where it is open, no allow is.
func standing(items []item, closed bool) arrangement {
	a := arrangement{standard: policy.Allow}
	if closed {
		a.standard = policy.Deny
	}
	before, after := []box(nil), []box(nil)
	for _, i := range items {
		if i.entry.allow {
			after = append(after, i.boxes...)
		}
	}
	for _, i := range items {
		if i.entry.allow {
			before, after = append(before, i.cuts...), after[len(i.boxes):]
			if closed {
				a.say(i, i.boxes, false)
			}
			continue
		}
		a.deny(i, before, after, closed)
	}
	return a
}

// deny says what an entry refuses, without what the allows before it let pass.
func (a *arrangement) deny(i item, before, after []box, closed bool) {
	boxes := i.boxes
	if closed && len(common(boxes, after)) == 0 {
		return
	}
	cut := len(common(boxes, before)) > 0
	if cut {
		rest, err := minusAll(boxes, before)
		if err != nil {
			a.stricter = append(a.stricter, i.entry)
			rest = boxes // closed rather than open
		}
		boxes = rest
		if closed {
			boxes = common(boxes, after)
		}
	}
	a.say(i, boxes, cut)
}

// allowing says only what is allowed, cut by what was refused before.
func allowing(items []item) (arrangement, error) {
	a := arrangement{standard: policy.Deny}
	var before []box
	for _, i := range append(items, item{boxes: []box{everything()}}) { // the end of the chain lets pass
		if i.entry != nil && !i.entry.allow {
			before = append(before, i.boxes...)
			continue
		}
		rest, err := minusAll(i.boxes, before)
		if err != nil {
			return a, err
		}
		a.say(i, rest, len(common(i.boxes, before)) > 0)
		if i.boxes[0].all() {
			break
		}
	}
	return a, nil
}

func (a *arrangement) say(i item, boxes []box, cut bool) {
	for _, b := range boxes {
		a.sentences = append(a.sentences, sentence{allow: i.entry == nil || i.entry.allow, box: b, entry: i.entry, cut: cut})
	}
}
