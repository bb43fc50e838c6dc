package recorded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/atomicfile"
	"github.com/dockwall/dockwall/internal/testbed"
)

// recorder records hosts into a directory.
type recorder struct {
	dir      string
	work     string // for what is built
	dockwall string
	server   string
	said     func(string)
}

// Record records hosts into a directory that has the policy: those that are named, else all. A host with dockwall comes with
// the one without. It says what it has recorded. It needs root, and the source tree as its working directory.
func Record(ctx context.Context, dir string, names []string, said func(string)) error {
	work, err := os.MkdirTemp("", "dockwall-record")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	r := recorder{dir: dir, work: work, said: said}
	if r.dockwall, err = testbed.Build(ctx, work, "dockwall"); err != nil {
		return err
	}
	if r.server, err = testbed.Build(ctx, work, "dockwall-testserver"); err != nil {
		return err
	}
	for _, b := range beds {
		if len(names) > 0 && !slices.Contains(names, b.name) {
			continue
		}
		if err := r.bed(ctx, b); err != nil {
			return fmt.Errorf("recording %s: %w", b.name, err)
		}
	}
	return nil
}

// bed records a host without dockwall, and then with each backend.
func (r *recorder) bed(ctx context.Context, b bed) (err error) {
	t, err := testbed.New(ctx, testbed.Options{Name: "rec", Server: r.server, Engine: b.engine})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if err := r.furnish(ctx, t, b.beside); err != nil {
		return err
	}
	if err := r.record(ctx, t, b, b.name); err != nil {
		return err
	}
	for _, backend := range b.backends {
		if err := r.run(ctx, t, b, "apply", "--yes", "--backend", backend); err != nil {
			return err
		}
		if err := r.record(ctx, t, b, b.name+"-"+backend); err != nil {
			return err
		}
		if err := r.run(ctx, t, b, "reset", "--yes", "--backend", backend); err != nil {
			return err
		}
	}
	return nil
}

// furnish makes the host what is recorded: with its policy, with another firewall, and with the shop.
func (r *recorder) furnish(ctx context.Context, t *testbed.Testbed, f *firewall) error {
	if err := r.place(t); err != nil || f == nil {
		return errors.Join(err, startShop(ctx, t))
	}
	if err := t.Engine.Install(ctx, f.packages...); err != nil {
		return err
	}
	if !f.first {
		if err := startShop(ctx, t); err != nil {
			return err
		}
		return t.Engine.Script(ctx, f.script, f.variables...)
	}
	if err := t.Engine.Script(ctx, f.script, f.variables...); err != nil {
		return err
	}
	if err := t.Engine.Restart(ctx); err != nil { // now it sees the firewall
		return err
	}
	return startShop(ctx, t)
}

func startShop(ctx context.Context, t *testbed.Testbed) error {
	for _, n := range []testbed.Network{front, link} {
		if err := t.Engine.CreateNetwork(ctx, n); err != nil {
			return err
		}
	}
	for _, c := range shop {
		if _, err := t.Engine.RunContainer(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// record writes the recording of a name.
func (r *recorder) record(ctx context.Context, t *testbed.Testbed, b bed, name string) error {
	s, err := r.snapshot(ctx, t, b)
	if err != nil {
		return err
	}
	plain(s, directory(t, b))
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(r.dir, name+".json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	if err := meet(ctx, t); err != nil {
		return err
	}
	var lines strings.Builder
	for _, d := range dialAll(ctx, t) {
		fmt.Fprintln(&lines, d)
	}
	r.said(name)
	return atomicfile.Write(filepath.Join(r.dir, name+".dials"), []byte(lines.String()), 0o644)
}
