package walk

import (
	"slices"
	"sync"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Bounds of what is explored. Beyond maxWalks a way with an Unknown end stands for the rest.
const maxWalks = 512

// recorder answers a walk's choices from a script, and writes down what happens.
type recorder struct {
	script []turn
	met    int           // how many choices the walk has met
	seen   map[point]int // numbered after start.points
	joined int           // the point, where another walk was before; 0: none
	steps  []Step
	last   *netfilter.Packet
	unsure bool // a rule that does nothing but note was met, and it is not known whether it matches
}

// recorders are used again for the room that their steps have; ways get copies.
var recorders = sync.Pool{New: func() any { return new(recorder) }}

// turn is one answer to one choice.
type turn struct {
	taken
	of   int
	text func(int) string
}

// taken is the number of a point, and the answer that was taken there.
type taken struct{ at, answer int }

// point is a place where a walk had a choice. From the same point all walks go on alike.
type point struct {
	state state
	place string
}

func (c *recorder) choose(r *run, n int, text func(int) string) int {
	c.met++
	if c.met <= len(c.script) {
		return c.script[c.met-1].answer
	}
	at := point{r.state, r.place()}
	switch {
	case c.joined != 0:
	case c.seen[at] != 0:
		c.joined = c.seen[at]
	default:
		c.seen[at] = r.start.points + len(c.seen) + 1
		c.script = append(c.script, turn{taken: taken{at: c.seen[at]}, of: n, text: text})
	}
	return 0
}

// add records a step that may have changed the packet.
func (c *recorder) add(r *run, s Step) {
	s.Before, s.After = c.now(r), c.now(r)
	if *c.last != r.packet {
		after := r.packet
		s.After, c.last = &after, &after
	}
	c.steps = append(c.steps, s)
}

// pass records a rule that did not match. It is apart from add for the many rules that a packet passes.
func (c *recorder) pass(r *run, ru *rule) {
	now := c.now(r)
	c.steps = append(c.steps, Step{Kind: RulePassed, Hook: r.hook, Chain: ru.source.Chain, Rule: ru.source,
		Before: now, After: now, Mark: r.mark, Out: r.out})
}

// now is the packet as the last step left it.
func (c *recorder) now(r *run) *netfilter.Packet {
	if c.last == nil {
		first := r.start.packet
		c.last = &first
	}
	return c.last
}

// outcome is one way with what it hangs on.
type outcome struct {
	way    Way
	out    run // the walk's last state
	script []turn
	needed []turn // those of the script without which it would have ended otherwise
}

// explore walks until every answer to every choice has been taken. Walks that meet in one point are followed once.
func (w *Walker) explore(s start) []*outcome {
	var found []*outcome
	c := recorders.Get().(*recorder)
	*c = recorder{seen: map[point]int{}, steps: c.steps[:0]}
	defer recorders.Put(c)
	for n := 0; ; n++ {
		if n == maxWalks {
			return append(found, &outcome{way: tooMany(s)})
		}
		r := &run{recorder: c}
		c.met, c.steps, c.joined, c.last, c.unsure = 0, c.steps[:0], 0, nil, false
		r.begin(w, s)
		r.walk()
		if c.joined != 0 {
			join(found, c.joined, c.script)
		} else {
			found = collect(found, r, c)
		}
		if c.script = next(c.script); c.script == nil {
			return found
		}
	}
}

func tooMany(s start) Way {
	return Way{Packet: s.packet, End: End{Kind: Unknown, Packet: s.packet,
		With: "too much is not known of the rules that this packet meets: not all that can happen was followed"}}
}

// next is the script of the next walk, nil when all were taken.
func next(script []turn) []turn {
	for len(script) > 0 {
		last := &script[len(script)-1]
		if last.answer++; last.answer < last.of {
			return script
		}
		script = script[:len(script)-1]
	}
	return nil
}

// collect adds a walk's way, or joins it with one that ended alike.
func collect(found []*outcome, r *run, c *recorder) []*outcome {
	script := slices.Clone(c.script)
	for _, o := range found {
		if o.way.End == r.end && o.out.track == r.track && o.out.conn == r.conn {
			o.needed = common(o.needed, script)
			return found
		}
	}
	o := &outcome{out: *r, script: script, needed: script}
	o.way = Way{Packet: r.start.packet, Steps: slices.Clone(c.steps), End: r.end, Sure: len(script) == 0 && !c.unsure}
	if r.track == tracked {
		conn := r.conn
		o.way.Conversation = &conn
	}
	return append(found, o)
}

// join tells the ways that go through a point that another walk came there too: how it was reached no longer matters.
func join(found []*outcome, at int, script []turn) {
	other := answers(script)
	for _, o := range found {
		i := slices.IndexFunc(o.script, func(t turn) bool { return t.at == at })
		if i < 0 {
			continue
		}
		before := answers(o.script[:i])
		o.needed = slices.DeleteFunc(slices.Clone(o.needed), func(t turn) bool { return before[t.taken] && !other[t.taken] })
	}
}

// common are the turns of a that b took too.
func common(a, b []turn) []turn {
	other := answers(b)
	return slices.DeleteFunc(slices.Clone(a), func(t turn) bool { return !other[t.taken] })
}

func answers(script []turn) map[taken]bool {
	set := make(map[taken]bool, len(script))
	for _, t := range script {
		set[t.taken] = true
	}
	return set
}

// present turns outcomes into ways with their assumptions in words; those that only conntrack tells apart become one.
func present(found []*outcome) []Way {
	var kept []*outcome
	for _, o := range found {
		same := slices.IndexFunc(kept, func(k *outcome) bool { return k.way.End == o.way.End })
		if same < 0 {
			one := *o
			kept = append(kept, &one)
			continue
		}
		kept[same].needed = common(kept[same].needed, o.needed)
	}
	ways := make([]Way, 0, len(kept))
	for _, o := range kept {
		o.way.Because = append(o.way.Because, sentences(o.needed)...)
		ways = append(ways, o.way)
	}
	return ways
}

func sentences(turns []turn) []string {
	var list []string
	for _, t := range turns {
		list = append(list, t.text(t.answer))
	}
	return list
}
