package scenarios

import (
	"context"
	"sync"
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// laboratory has the binaries under test and the engines that tests share.
type laboratory struct {
	dockwall string
	server   string

	mu   sync.Mutex
	beds map[string]*sharedBed
}

// sharedBed is an engine that tests take turns with.
type sharedBed struct {
	turn sync.Mutex
	bed  *testbed.Testbed
}

var lab = laboratory{beds: map[string]*sharedBed{}}

func (l *laboratory) build(directory string) error {
	var err error
	if l.dockwall, err = testbed.Build(context.Background(), directory, "dockwall"); err != nil {
		return err
	}
	l.server, err = testbed.Build(context.Background(), directory, "dockwall-testserver")
	return err
}

func (l *laboratory) close() error {
	for _, shared := range l.beds {
		if shared.bed == nil {
			continue
		}
		if err := shared.bed.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (l *laboratory) shared(key string) *sharedBed {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.beds[key] == nil {
		l.beds[key] = &sharedBed{}
	}
	return l.beds[key]
}

// borrow waits for the turn at the shared engine, and makes it where this is the first test to want it.
func (l *laboratory) borrow(t *testing.T, suite, backend string, p profile) *testbed.Testbed {
	t.Helper()
	shared := l.shared(suite + "/" + backend + "/" + p.name)
	shared.turn.Lock()
	t.Cleanup(shared.turn.Unlock)
	if shared.bed == nil {
		shared.bed = l.make(t, suite, p)
	}
	return shared.bed
}

// own makes an engine for one test that spoils it.
func (l *laboratory) own(t *testing.T, suite string, p profile) *testbed.Testbed {
	t.Helper()
	bed := l.make(t, suite, p)
	t.Cleanup(func() {
		if err := bed.Close(); err != nil {
			t.Error(err)
		}
	})
	return bed
}

func (l *laboratory) make(t *testing.T, suite string, p profile) *testbed.Testbed {
	t.Helper()
	bed, err := testbed.New(context.Background(), testbed.Options{
		Server: l.server, Engine: testbed.EngineOptions{Suite: suite, Legacy: p.legacy, Flags: p.flags}})
	if err != nil {
		t.Fatal(err)
	}
	return bed
}
