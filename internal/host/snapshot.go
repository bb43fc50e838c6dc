package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dockwall/dockwall/internal/atomicfile"
)

// snapshotFormat is the format that this version writes, and the newest it reads.
const snapshotFormat = 1

// maxSnapshot bounds the size of a snapshot file.
const maxSnapshot = 1 << 30

// Snapshot is a host and its rules in one file. It holds container labels as they are, so that its file is for its
// owner only; environment variables, mounts and command lines of containers never come into it (of mounts, only whether
// one is the engine's socket).
type Snapshot struct {
	Format  int    `json:"format"`
	Version string `json:"version"` // of the dockwall that took it
	Host    *Host  `json:"host"`
	Rules   Rules  `json:"rules"`
}

// TakeSnapshot is Collect with the rules of the host. As with Collect, a *NoEngineError comes beside a Snapshot.
func TakeSnapshot(ctx context.Context, o Options) (*Snapshot, error) {
	h, ls, err := collect(ctx, o)
	if h == nil {
		return nil, err
	}
	s := &Snapshot{Format: snapshotFormat, Version: o.Version, Host: h, Rules: readRules(ctx, ls)}
	if ctx.Err() != nil && err == nil {
		return nil, ctx.Err()
	}
	return s, err
}

// SnapshotOf is a host that was collected already, with its rules as they are now.
func SnapshotOf(ctx context.Context, h *Host) (*Snapshot, error) {
	ls, err := readListeners()
	if err != nil {
		return nil, err
	}
	s := &Snapshot{Format: snapshotFormat, Host: h, Rules: readRules(ctx, ls)}
	return s, ctx.Err()
}

// WriteFile writes the snapshot as indented JSON that only its owner may read. A file of that name is replaced whole or
// not at all.
func (s *Snapshot) WriteFile(path string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = atomicfile.Write(path, append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("the snapshot %s was not written: %w", path, err)
	}
	return nil
}

// ReadSnapshot reads a file that WriteFile wrote. Whatever the file is instead, the error says so.
func ReadSnapshot(path string) (*Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the snapshot cannot be read: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSnapshot+1))
	if err != nil {
		return nil, fmt.Errorf("the snapshot %s cannot be read: %w", path, err)
	}
	s, err := parseSnapshot(data)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return s, nil
}

// parseSnapshot's errors go on from the file's name.
func parseSnapshot(data []byte) (*Snapshot, error) {
	if len(data) > maxSnapshot {
		return nil, fmt.Errorf("is larger than %d MiB: it is not a snapshot", maxSnapshot>>20)
	}
	if err := checkFormat(data); err != nil {
		return nil, err
	}
	var s Snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, damage(err)
	}
	if s.Host == nil {
		return nil, errors.New("is not a whole snapshot: it has no host in it; take it again (dockwall snapshot)")
	}
	if err := s.Host.check(); err != nil {
		return nil, fmt.Errorf("is a snapshot that was changed by hand or damaged: %w", err)
	}
	s.Host.sort()
	return &s, nil
}

// checkFormat looks at the format alone, because the rest may be of a newer one.
func checkFormat(data []byte) error {
	var header struct{ Format *int }
	err := json.Unmarshal(data, &header)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType), err == nil && header.Format == nil:
		return errors.New(`is not a dockwall snapshot: it has no "format"; take one with: dockwall snapshot`)
	case err != nil && !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		return errors.New("is not a dockwall snapshot: it is not JSON; take one with: dockwall snapshot")
	case err != nil:
		return damage(err)
	case *header.Format > snapshotFormat:
		return fmt.Errorf("was written by a newer dockwall (format %d, this one reads up to %d): use that one, or "+
			"take it again with this one", *header.Format, snapshotFormat)
	case *header.Format < 1:
		return fmt.Errorf("is not a dockwall snapshot: there is no format %d", *header.Format)
	}
	return nil
}

// damage says in words what encoding/json complains about.
func damage(err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input":
		return fmt.Errorf("is cut off after %d bytes: take the snapshot again, or copy it again", syntax.Offset)
	case errors.As(err, &syntax):
		return fmt.Errorf("is damaged at byte %d: %w", syntax.Offset, err)
	case errors.As(err, &wrongType):
		return fmt.Errorf("is damaged: %q is a %s, which it cannot be", wrongType.Field, wrongType.Value)
	}
	return fmt.Errorf("is damaged: %w", err)
}
