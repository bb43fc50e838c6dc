package guard

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// rounds runs a loop over a script in a bubble of fake time and notes when its rounds began, after the start, and why.
type rounds struct {
	began  []time.Duration
	causes [][]Cause
	fail   func(n int) error // of the n-th round, from 1; nil: none fails
	takes  time.Duration
}

func (r *rounds) play(t *testing.T, length time.Duration, script func(wake func(string))) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		wakes := make(chan Cause)
		var scripted sync.WaitGroup
		defer scripted.Wait()
		scripted.Go(func() {
			script(func(text string) {
				select {
				case wakes <- Cause{time.Now(), text}:
				case <-ctx.Done():
					runtime.Goexit() // the rest of the script has no listener
				}
			})
		})
		Loop(ctx, DefaultPace, wakes, func(_ context.Context, causes []Cause) error {
			r.began = append(r.began, time.Since(start))
			r.causes = append(r.causes, causes)
			time.Sleep(r.takes)
			if r.fail != nil {
				return r.fail(len(r.began))
			}
			return nil
		})
	})
}

func wantBegan(t *testing.T, got []time.Duration, want ...time.Duration) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("rounds began at %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("rounds began at %v, want %v", got, want)
		}
	}
}

// An event on a quiet host is answered at once.
func TestAtOnce(t *testing.T) {
	var r rounds
	r.play(t, 10*time.Second, func(wake func(string)) {
		time.Sleep(3 * time.Second)
		wake("container web started")
	})
	wantBegan(t, r.began, 0, 3*time.Second)
	if got := r.causes[1][0].Text; got != "container web started" {
		t.Errorf("the cause is %q", got)
	}
}

// Steady churn is answered at every gap: it neither starves the loop nor makes it spin, and its causes stay bounded.
func TestChurn(t *testing.T) {
	var r rounds
	r.play(t, 990*time.Millisecond, func(wake func(string)) {
		for range 100_000 {
			time.Sleep(10 * time.Microsecond)
			wake("container storm")
		}
	})
	if n := len(r.began); n != 20 {
		t.Errorf("%d rounds in a second of churn, want one every 50 ms", n)
	}
	for _, causes := range r.causes {
		if len(causes) > maxCauses {
			t.Errorf("a round has %d causes", len(causes))
		}
	}
}

// Without events the loop looks every few minutes.
func TestResync(t *testing.T) {
	var r rounds
	r.play(t, 11*time.Minute, func(func(string)) {})
	wantBegan(t, r.began, 0, 5*time.Minute, 10*time.Minute)
	if got := r.causes[1][0].Text; got != "resync" {
		t.Errorf("the cause is %q", got)
	}
}

// Failed rounds are tried again later and later, up to a bound; one that succeeds ends that.
func TestRetries(t *testing.T) {
	r := rounds{fail: func(n int) error {
		if n < 10 {
			return errors.New("the engine is gone")
		}
		return nil
	}}
	r.play(t, 10*time.Minute, func(func(string)) {})
	wantBegan(t, r.began, 0, 1*time.Second, 3*time.Second, 7*time.Second, 15*time.Second, 31*time.Second, 63*time.Second,
		123*time.Second, 183*time.Second, 243*time.Second, 243*time.Second+5*time.Minute)
}

// Events while rounds fail are answered, but not faster than the first retry.
func TestChurnWhileFailing(t *testing.T) {
	r := rounds{fail: func(int) error { return errors.New("nft is gone") }}
	r.play(t, 9900*time.Millisecond, func(wake func(string)) {
		for range 10_000 {
			time.Sleep(time.Millisecond)
			wake("container storm")
		}
	})
	if n := len(r.began); n != 10 {
		t.Errorf("%d rounds in ten seconds of failing", n)
	}
}

// What happens during a round is seen by the next one.
func TestDuringRound(t *testing.T) {
	r := rounds{takes: 2 * time.Second}
	r.play(t, 10*time.Second, func(wake func(string)) {
		time.Sleep(time.Second)
		wake("while it ran")
	})
	wantBegan(t, r.began, 0, 2*time.Second)
}
