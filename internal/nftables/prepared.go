package nftables

import (
	"fmt"
	"sync"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
)

// prepared is a gate with all that is made of it once.
type prepared struct {
	gate  *gate.Gate
	hash  string
	table *table // without the chain about

	mu    sync.Mutex // is held while it is rehearsed
	shown *reading   // how the kernel words the table's chains, and the kinds of its sets; nil: not rehearsed yet
}

// prepare is the gate, prepared. The last one is kept.
func (b *Backend) prepare(g *gate.Gate) (*prepared, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last != nil && b.last.gate == g {
		return b.last, nil
	}
	hash := make(chan string, 1)
	go func() { hash <- g.Hash() }() // takes as long as all the rest
	t, err := build(g)
	if err != nil {
		return nil, err
	}
	b.last = &prepared{gate: g, table: t, hash: <-hash}
	return b.last, nil
}

// whole is the transaction that makes the table anew, as it is since then.
func (p *prepared) whole(since time.Time) string { return p.anew(p.table, since) }

// anew is the transaction that puts a table in the place of any other.
func (p *prepared) anew(t *table, since time.Time) string {
	return fmt.Sprintf("add table %s\ndelete table %s\n%s%s}\n", tableName, tableName, t.open(), aboutChain(p.hash, since))
}

// change is what makes the installed table that of the gate: edits, or if they cannot do it the whole table; empty
// if there is nothing to do.
func (p *prepared) change(shown, have *reading, since time.Time) backend.Change {
	if !repairable(p.table, shown, have) {
		return backend.Change{Text: p.whole(since), Summary: "all anew: " + p.table.summary()}
	}
	e := &edit{}
	e.sets(p.table.sets, have)
	e.chains(p.table.chains, shown, have)
	if len(e.lines()) == 0 && !have.dormant && have.about().gate == p.hash {
		return backend.Change{}
	}
	e.about(aboutChain(p.hash, since))
	return backend.Change{Text: e.text(), Summary: e.summary()}
}
