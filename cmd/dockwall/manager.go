package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/dockwall/dockwall/internal/guard"
	"github.com/dockwall/dockwall/internal/notify"
)

// manager keeps the service manager informed of the guard: ready after the first round, however it ended, because a guard
// that waits for a policy or for Docker does its work; after each round, what there is to say; and alive as long as no
// round hangs.
type manager struct {
	socket   notify.Socket
	log      *slog.Logger
	interval time.Duration // of the watchdog; 0: there is none
	trouble  func() string // what the guard told last

	ready bool
	begun atomic.Int64 // the running round's beginning, in nanoseconds since 1970; 0: none runs
}

func newManager(g *guard.Guard, log *slog.Logger) *manager {
	return &manager{socket: notify.FromEnvironment(), log: log, interval: notify.WatchdogInterval(), trouble: g.Trouble}
}

// around tells of a round.
func (m *manager) around(round guard.Round) guard.Round {
	return func(ctx context.Context, causes []guard.Cause) error {
		m.begun.Store(time.Now().UnixNano())
		defer m.begun.Store(0)
		err := round(ctx, causes)
		status := m.trouble()
		if status == "" {
			status = "in force, as the policy says"
		}
		m.tell(m.socket.Status(status))
		if !m.ready {
			m.ready = true
			m.tell(m.socket.Ready())
		}
		return err
	}
}

// beat feeds the watchdog twice in its interval, until the context ends or a round hangs for that long.
func (m *manager) beat(ctx context.Context) {
	if m.interval == 0 {
		return
	}
	_ = every(ctx, m.interval/2, func() {
		if begun := m.begun.Load(); begun == 0 || time.Since(time.Unix(0, begun)) < m.interval {
			m.tell(m.socket.Alive())
		}
	})
}

// stopping says that the end was asked for.
func (m *manager) stopping() { m.tell(m.socket.Stopping()) }

// tell logs what the manager could not be told: the guard goes on.
func (m *manager) tell(err error) {
	if err != nil {
		m.log.Warn(err.Error())
	}
}
