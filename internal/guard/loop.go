// Package guard keeps the kernel as the policy says: one loop that is woken by whatever may have changed, looks at
// everything, and puts the difference in force.
//
// Invariants. A wake-up carries no state, only its cause, for people: losing one, or getting one twice, changes nothing
// but time, and a resync every few minutes finds what no event told. Rounds never overlap. A round begins at once where
// none ran lately; else wake-ups are gathered, but never for longer than Gap, however many there are. A failed round is
// tried again, later and later, and a new wake-up does not hasten it below the first retry's pace. Ending the loop changes
// nothing in the kernel: the gate stays in force.
package guard

import (
	"context"
	"time"
)

// Cause is why a round is asked for.
type Cause struct {
	At   time.Time // when it was noticed
	Text string    // "container web started", "the rules were changed", "resync"
}

// The causes of rounds that nothing asked for.
const (
	Start  = "start"
	Resync = "resync"
	Retry  = "another try"
)

// Pace is the loop's timing.
type Pace struct {
	Gap        time.Duration // between the beginnings of two rounds
	Resync     time.Duration // after the last round, without any cause
	RetryFirst time.Duration // after a failed round; doubled each time
	RetryLast  time.Duration // and never more than this
}

// DefaultPace is what a host needs: rounds cost some milliseconds.
var DefaultPace = Pace{Gap: 50 * time.Millisecond, Resync: 5 * time.Minute, RetryFirst: time.Second, RetryLast: time.Minute}

// Round looks at everything and puts the difference in force. Its causes are never empty.
type Round func(ctx context.Context, causes []Cause) error

// Loop calls round for what comes from wakes, until the context ends. It begins with one round of its own.
func Loop(ctx context.Context, pace Pace, wakes <-chan Cause, round Round) {
	l := loop{pace: pace, wakes: wakes, round: round}
	l.causes = []Cause{{time.Now(), Start}}
	for ctx.Err() == nil {
		if !l.gather(ctx) {
			return
		}
		l.run(ctx)
	}
}

type loop struct {
	pace   Pace
	wakes  <-chan Cause
	round  Round
	causes []Cause   // of the next round
	begun  time.Time // the last round's beginning
	failed int       // rounds in a row
}

// gather waits until the next round is due and collects its causes. It is false when the context ended.
func (l *loop) gather(ctx context.Context) bool {
	idle := time.NewTimer(l.pace.Resync)
	defer idle.Stop()
	if l.failed > 0 {
		idle.Reset(l.retryIn())
	}
	for len(l.causes) == 0 {
		select {
		case <-ctx.Done():
			return false
		case c := <-l.wakes:
			l.causes = append(l.causes, c)
		case now := <-idle.C:
			l.causes = append(l.causes, Cause{now, l.idleText()})
		}
	}
	return l.collect(ctx, time.Until(l.begun.Add(l.leastGap())))
}

// collect takes more causes for that long, and at least those that are there.
func (l *loop) collect(ctx context.Context, wait time.Duration) bool {
	due := time.NewTimer(max(0, wait))
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case c := <-l.wakes:
			l.add(c)
		case <-due.C:
			return true
		}
	}
}

// maxCauses bounds what a storm of events leaves in memory; people read the first ones only.
const maxCauses = 64

func (l *loop) add(c Cause) {
	if len(l.causes) < maxCauses {
		l.causes = append(l.causes, c)
	}
}

func (l *loop) run(ctx context.Context) {
	causes := l.causes
	l.causes, l.begun = nil, time.Now()
	if err := l.round(ctx, causes); err != nil {
		l.failed++
		return
	}
	l.failed = 0
}

func (l *loop) idleText() string {
	if l.failed > 0 {
		return Retry
	}
	return Resync
}

// leastGap is what must lie between two rounds: more where the last ones failed, so that a storm of events beside a broken
// tool costs no more than the retries.
func (l *loop) leastGap() time.Duration {
	if l.failed > 0 {
		return max(l.pace.Gap, l.pace.RetryFirst)
	}
	return l.pace.Gap
}

func (l *loop) retryIn() time.Duration {
	delay := l.pace.RetryFirst
	for range l.failed - 1 {
		if delay *= 2; delay >= l.pace.RetryLast {
			return l.pace.RetryLast
		}
	}
	return delay
}
