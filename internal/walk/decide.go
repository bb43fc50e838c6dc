package walk

import "sync"

var runs = sync.Pool{New: func() any { return new(run) }}

// Decide is the end of the conversation's first packet, without the steps to it. What can end in several ways ends as all
// of them do, if they agree on the kind of end, or else as Unknown.
func (w *Walker) Decide(q *Question) End {
	r := runs.Get().(*run)
	defer runs.Put(r)
	r.begin(w, start{packet: w.complete(q), question: q})
	r.walk()
	end, forked := r.end, r.forked
	r.start.question = nil
	if forked || q.Moment != First {
		return w.agreed(*q)
	}
	return end
}

// agreed is what the ways have in common.
func (w *Walker) agreed(q Question) End {
	ways := w.Follow(q).Ways
	if len(ways) == 0 {
		return End{With: "there is no such packet: the conversation does not begin"}
	}
	for _, other := range ways[1:] {
		if other.End.Kind != ways[0].End.Kind {
			return End{Packet: q.Packet, With: "it hangs on things that are not known"}
		}
	}
	return ways[0].End
}
