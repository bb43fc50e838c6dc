package nftables

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// enough is how many elements of a set are rehearsed. How the kernel gives elements back is known (elements.go) and looked
// at with a few; thousands would only take time, because a transaction that the kernel refuses changes nothing.
const enough = 16

// rehearse is how the kernel words the table of a gate, but for most elements of its sets. It is loaded into a network
// namespace of its own, which is gone afterwards. It is done once.
func (b *Backend) rehearse(ctx context.Context, p *prepared) (*reading, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown != nil {
		return p.shown, nil
	}
	var shown *reading
	sample := p.table.sample()
	err := elsewhere(func() (err error) {
		if err = b.load(ctx, p.anew(sample, time.Time{})); err != nil {
			return err
		}
		shown, err = read(ctx)
		return err
	})
	if err == nil {
		err = sample.check(shown)
	}
	if err != nil {
		return nil, fmt.Errorf("the rules were tried in a network namespace of their own, "+
			"without effect on the host: %w", err)
	}
	p.shown = shown
	return shown, nil
}

// sample is the table with no more than enough elements in each set.
func (t *table) sample() *table {
	out := &table{chains: t.chains}
	for _, s := range t.sets {
		few := *s
		few.elements = few.elements[:min(enough, len(few.elements))]
		out.sets = append(out.sets, &few)
	}
	return out
}

// elsewhere calls f on a thread in a new network namespace. The thread ends with it, and is never used for anything
// else.
func elsewhere(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("a network namespace could not be made, which needs root (CAP_SYS_ADMIN): %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

// check tells whether a reading is this table, as far as it can be told without knowing the kernel's words for rules.
func (t *table) check(r *reading) error {
	if r == nil {
		return errors.New("nft said that it loaded the table, and the kernel has none")
	}
	if len(r.chains) != len(t.chains)+1 || len(r.sets) != len(t.sets) { // and the chain about
		return fmt.Errorf("the kernel has %d chains and %d sets, but %d and %d were loaded",
			len(r.chains), len(r.sets), len(t.chains)+1, len(t.sets))
	}
	for _, c := range t.chains {
		if have := r.chains[c.name]; have == nil || !slices.EqualFunc(c.rules, have.rules, rule.commentedLike) {
			return fmt.Errorf("the kernel has other rules in the chain %s than those that were loaded", c.name)
		}
	}
	for _, s := range t.sets {
		if have := r.sets[s.name]; have == nil || !slices.EqualFunc(s.elements, have.elements, element.is) {
			return fmt.Errorf("the kernel has other elements in the set %s than those that were loaded", s.name)
		}
	}
	return nil
}

func (r rule) commentedLike(have ruleReading) bool { return r.comment == have.comment }

func (e element) is(have elementReading) bool { return e == have.element }
