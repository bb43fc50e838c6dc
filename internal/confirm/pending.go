// Package confirm is the way back of a change that nobody has confirmed yet: what is to come back and when, whether
// somebody may confirm it, who waits for the deadline, and which policy was not confirmed.
//
// Invariants. The way back is on disk, whole, before anything changes, and holds all that the return needs: it depends on
// no other file. Time is counted by the kernel from the start of the machine, so that a clock that is set moves no
// deadline, and a machine that was restarted is past every one. There is one pending change at most; who writes or drops
// it holds the state directory's lock. The policy's files are touched by a confirmation alone, where it is of a draft.
package confirm

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dockwall/dockwall/internal/atomicfile"
	"github.com/dockwall/dockwall/internal/journal"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/session"
)

// Pending is a change that is in force, or about to be, and not confirmed.
type Pending struct {
	ID       string         `json:"id"`
	Who      string         `json:"who"`
	Login    session.Login  `json:"login"` // that armed it
	Boot     string         `json:"boot"`  // the start of the machine that the next two count from
	Armed    time.Duration  `json:"armed"`
	Deadline time.Duration  `json:"deadline"`
	At       time.Time      `json:"at"`              // as the clock said, for people only
	Until    time.Time      `json:"until"`           // the same
	Policy   string         `json:"policy"`          // the hash of the policy that is tried
	Entry    *journal.Entry `json:"entry,omitempty"` // what comes back; nil: nothing was in force
	Draft    *Draft         `json:"draft,omitempty"` // what a confirmation writes; nil: the policy's files say it already
}

// New is a change that is armed now.
func New(now Moment, within time.Duration, login session.Login, who string) *Pending {
	clock := time.Now().Round(0)
	return &Pending{ID: rand.Text(), Who: who, Login: login, Boot: now.Boot, Armed: now.Since, Deadline: now.Since + within,
		At: clock, Until: clock.Add(within)}
}

// Due tells whether the time to confirm is over.
func (p *Pending) Due(now Moment) bool { return p.Restarted(now) || now.Since >= p.Deadline }

// Restarted tells whether the machine was started anew since.
func (p *Pending) Restarted(now Moment) bool { return p.Boot != now.Boot }

// Left is how long there is to confirm it.
func (p *Pending) Left(now Moment) time.Duration {
	if p.Due(now) {
		return 0
	}
	return p.Deadline - now.Since
}

// Goal is what comes back, for people.
func (p *Pending) Goal() string {
	if p.Entry == nil {
		return "nothing in force, as before"
	}
	return fmt.Sprintf("entry %d of the history", p.Entry.Number)
}

// Hash is what a policy is known by: its texts and the names of its files, wherever they are.
func Hash(sources []policy.Source) string {
	sum := sha256.New()
	for _, s := range sources {
		fmt.Fprintf(sum, "%q %q\n", filepath.Base(s.Path), s.Text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Store is where the pending change is kept: the state directory.
type Store struct{ Dir string }

func (s Store) pending() string { return filepath.Join(s.Dir, "confirm.json") }
func (s Store) refused() string { return filepath.Join(s.Dir, "refused.json") }

// Log is the file that the watcher writes to.
func (s Store) Log() string { return filepath.Join(s.Dir, "confirm.log") }

// Load is the pending change, nil where there is none.
func (s Store) Load() (*Pending, error) {
	var p *Pending
	return p, read(s.pending(), &p)
}

// Save writes the change down, before it is made.
func (s Store) Save(p *Pending) error { return write(s.pending(), p) }

// Drop takes the pending change away: it is confirmed, or what was before is back.
func (s Store) Drop() error { return remove(s.pending()) }

// Refused is a policy that was in force and not confirmed.
type Refused struct {
	Policy string    `json:"policy"` // its hash
	At     time.Time `json:"at"`     // when what was before came back
}

// Refused is the policy that was not confirmed last, nil where there is none.
func (s Store) Refused() (*Refused, error) {
	var r *Refused
	return r, read(s.refused(), &r)
}

// Refuse remembers it.
func (s Store) Refuse(r Refused) error { return write(s.refused(), r) }

// Forgive forgets it.
func (s Store) Forgive() error { return remove(s.refused()) }

func read(path string, into any) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("whether a change waits for its confirmation cannot be read: %w", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s is damaged (if no change waits for its confirmation, remove it): %w", path, err)
	}
	return nil
}

func write(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(data, '\n'), 0o600)
}

func remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return atomicfile.SyncDirectory(filepath.Dir(path))
}
