// Package journal keeps what was in force: every policy and gate with its time, who put it there and why, so that people
// can look back, compare and return.
//
// Invariants. An entry is one file, written beside and renamed, so that a power cut at any moment leaves it whole or not
// there. Numbers only grow. The oldest entries go when there are more than Keep or more than KeepBytes of them, but never
// the newest two: what is in force, and what it replaced. A damaged file is named, and hides no other. Files hold
// container labels and policies as they were, so they are for their owner only.
package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/atomicfile"
)

// Bounds of a journal that says nothing else.
const (
	Keep      = 200
	KeepBytes = 64 << 20
)

// suffix ends the names of entries.
const suffix = ".json.gz"

// Journal is a directory of entries. Its users hold the state directory's lock while they append.
type Journal struct {
	Dir       string
	Keep      int   // entries; 0: Keep
	KeepBytes int64 // of files; 0: KeepBytes
}

// Append writes the entry under the next number, which it returns, and drops what is beyond the bounds.
func (j Journal) Append(e Entry) (int, error) {
	if err := os.MkdirAll(j.Dir, 0o700); err != nil {
		return 0, fmt.Errorf("the history's directory cannot be made: %w", err)
	}
	if err := atomicfile.Sweep(j.Dir); err != nil {
		return 0, fmt.Errorf("what a dockwall that was killed left in the history cannot be removed: %w", err)
	}
	numbers, err := j.Numbers()
	if err != nil {
		return 0, err
	}
	e.Number = 1
	if len(numbers) > 0 {
		e.Number = numbers[len(numbers)-1] + 1
	}
	data, err := e.encode()
	if err != nil {
		return 0, fmt.Errorf("the history's entry cannot be written down: %w", err)
	}
	if err := atomicfile.Write(j.path(e.Number), data, 0o600); err != nil {
		return 0, fmt.Errorf("the history was not continued: %w", err)
	}
	return e.Number, j.prune(append(numbers, e.Number))
}

// Numbers are those of the entries, sorted. No directory: none.
func (j Journal) Numbers() ([]int, error) {
	files, err := os.ReadDir(j.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the history cannot be read: %w", err)
	}
	var numbers []int
	for _, f := range files {
		digits, ok := strings.CutSuffix(f.Name(), suffix)
		if n, err := strconv.Atoi(digits); ok && err == nil && n > 0 && f.Name() == name(n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Headers are those of all entries, the newest first. Entries that cannot be read are left out, and the error, which
// comes beside the others, names them.
func (j Journal) Headers() ([]Header, error) {
	numbers, err := j.Numbers()
	if err != nil {
		return nil, err
	}
	var headers []Header
	var damaged []error
	for _, n := range slices.Backward(numbers) {
		e, err := j.read(n, false)
		if err != nil {
			damaged = append(damaged, err)
			continue
		}
		headers = append(headers, e.Header)
	}
	return headers, errors.Join(damaged...)
}

// Entry is the one with that number: a *NoEntryError where there is none (any more).
func (j Journal) Entry(number int) (*Entry, error) { return j.read(number, true) }

// Newest is the newest entry that can be read, nil where there is none. Damaged newer ones are in the error, which comes
// beside it.
func (j Journal) Newest() (*Entry, error) { return j.newest(true) }

// Last is the header of the newest entry that can be read; otherwise as Newest.
func (j Journal) Last() (*Header, error) {
	e, err := j.newest(false)
	if e == nil {
		return nil, err
	}
	return &e.Header, err
}

func (j Journal) newest(whole bool) (*Entry, error) {
	numbers, err := j.Numbers()
	if err != nil {
		return nil, err
	}
	var damaged []error
	for _, n := range slices.Backward(numbers) {
		e, err := j.read(n, whole)
		if err == nil {
			return e, errors.Join(damaged...)
		}
		damaged = append(damaged, err)
	}
	return nil, errors.Join(damaged...)
}

// Before is the newest entry whose policy is another one than the newest entry's, and under which something was in force.
func (j Journal) Before() (*Entry, error) {
	newest, err := j.Newest()
	if newest == nil {
		return nil, errors.Join(&NoEntryError{}, err)
	}
	numbers, err := j.Numbers()
	if err != nil {
		return nil, err
	}
	for _, n := range slices.Backward(numbers) {
		e, err := j.Entry(n)
		if err == nil && !e.Empty() && !slices.Equal(e.Policy, newest.Policy) {
			return e, nil
		}
	}
	return nil, errors.New("the history has no other policy than the one in force")
}

// NoEntryError is a number that the history does not have.
type NoEntryError struct {
	Number      int
	First, Last int // what it has; 0: nothing
}

func (e *NoEntryError) Error() string {
	if e.Last == 0 {
		return "the history is empty: nothing was put in force yet"
	}
	return fmt.Sprintf("the history has no entry %d: it goes from %d to %d (dockwall history)", e.Number, e.First, e.Last)
}

func (j Journal) read(number int, whole bool) (*Entry, error) {
	data, err := os.ReadFile(j.path(number))
	if errors.Is(err, fs.ErrNotExist) {
		numbers, err := j.Numbers()
		missing := &NoEntryError{Number: number}
		if len(numbers) > 0 {
			missing.First, missing.Last = numbers[0], numbers[len(numbers)-1]
		}
		return nil, errors.Join(missing, err)
	}
	if err != nil {
		return nil, fmt.Errorf("entry %d of the history cannot be read: %w", number, err)
	}
	e, err := decode(data, whole)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", j.path(number), err)
	}
	e.Number = number
	return e, nil
}

// prune removes the oldest entries beyond the bounds. One that is gone already is no error.
func (j Journal) prune(numbers []int) error {
	keep, bytes := j.Keep, j.KeepBytes
	if keep == 0 {
		keep = Keep
	}
	if bytes == 0 {
		bytes = KeepBytes
	}
	var sum int64
	for i, n := range slices.Backward(numbers) {
		if info, err := os.Stat(j.path(n)); err == nil {
			sum += info.Size()
		}
		if newer := len(numbers) - 1 - i; newer < 2 || newer < keep && sum <= bytes {
			continue
		}
		if err := os.Remove(j.path(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the history's oldest entry cannot be dropped: %w", err)
		}
	}
	return nil
}

func name(number int) string { return fmt.Sprintf("%08d", number) + suffix }

func (j Journal) path(number int) string { return filepath.Join(j.Dir, name(number)) }
