// Package watch notices that something may have changed: the engine's containers and networks, the kernel's rules, links
// and addresses, the policy's files. It never says what is true now: whoever is woken looks for himself.
//
// Invariants. Every source runs until its context ends and reports its own trouble (a lost stream, an overrun) as one
// more reason to look. After a source was away, it wakes once, because nobody knows what it missed. Sources work in the
// network namespace of the thread that starts them.
package watch

import (
	"context"
	"time"
)

// Wake is told why somebody should look, in words for people. It may block, and must not after the context ended.
type Wake func(cause string)

// Source watches one thing until the context ends. Its error, a sentence, says why it ended before that; it is worth
// another try.
type Source func(ctx context.Context, wake Wake) error

// Pauses between two tries of a source.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
	steady     = time.Minute // a source that ran this long begins again with the first pause
)

// Keep runs a source until the context ends, again and again. Each end is told, as what was lost, and each new beginning
// is a reason to look. name is what people call it: "the engine's events".
func Keep(ctx context.Context, name string, source Source, wake Wake) {
	pause := firstPause
	for ctx.Err() == nil {
		begun := time.Now()
		err := source(ctx, wake)
		if ctx.Err() != nil {
			return
		}
		if time.Since(begun) > steady {
			pause = firstPause
		}
		wake(lost(name, err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
		wake(name + " are asked for again")
	}
}

func lost(name string, err error) string {
	if err == nil {
		return name + " ended"
	}
	return name + " ended: " + err.Error()
}
