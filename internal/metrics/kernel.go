package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/policy"
)

// freshness is how old a reading of the kernel may be: many who ask at once cost what one does.
const freshness = time.Second

// readTimeout bounds a reading of the kernel.
const readTimeout = 15 * time.Second

// kernel reads what is in force, when asked. It keeps the few numbers, and never the rules.
type kernel struct {
	read   func(context.Context) ([]enforce.Holding, error)
	now    func() time.Time
	policy func() *policy.Policy // in force; nil: not known
	failed func()                // counts a failed reading

	mu   sync.Mutex // held while reading: others wait for the same answer
	at   time.Time
	last picture
	err  error
}

// picture is what a reading found.
type picture struct {
	backends []string // that have rules installed
	rules    []ruleCount
	defaults []defaultCount
}

// look is what is in force now, or was within freshness.
func (k *kernel) look() (picture, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.at.IsZero() && k.now().Sub(k.at) < freshness {
		return k.last, k.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	found, err := k.read(ctx)
	k.last, k.err = k.pictureOf(found), err
	if err != nil {
		k.last = picture{}
		k.failed()
	}
	k.at = k.now()
	return k.last, k.err
}

func (k *kernel) pictureOf(found []enforce.Holding) (p picture) {
	seen := map[string]bool{}
	var lines []backend.Line
	for _, h := range found {
		lines = append(lines, h.Installed.Lines...)
		if name := h.Backend.Name(); !seen[name] {
			seen[name] = true
			p.backends = append(p.backends, name)
		}
	}
	p.rules = ruleCounts(enforce.Counters(k.policy(), lines))
	p.defaults = defaultCounts(lines)
	return p
}
