package recorded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/testbed"
)

// place puts dockwall and the policy where they always are on these hosts: rules name the place. It is a short one, because
// they have room for the end of a path only.
func (r *recorder) place(t *testbed.Testbed) error {
	for _, file := range []struct {
		from, name string
		mode       os.FileMode
	}{{filepath.Join(r.dir, Policy), Policy, 0o600}, {r.dockwall, "program", 0o755}} {
		data, err := os.ReadFile(file.from)
		if err != nil {
			return fmt.Errorf("what is put on the recorded hosts: %w", err)
		}
		path, _ := t.Engine.Shared(file.name)
		if err := os.WriteFile(path, data, file.mode); err != nil {
			return err
		}
	}
	return nil
}

// directory is where dockwall finds its files: on this machine, or where another firewall is, in the root of the engine.
// There the tools are those of the suite: older ones do not read what newer ones have written.
func directory(t *testbed.Testbed, b bed) string {
	here, inside := t.Engine.Shared("")
	if b.beside != nil {
		return inside
	}
	return here
}

// run runs a verb of dockwall on the host.
func (r *recorder) run(ctx context.Context, t *testbed.Testbed, b bed, args ...string) error {
	dir := directory(t, b)
	args = append(args, "--policy", filepath.Join(dir, Policy))
	if b.beside != nil {
		command := append([]string{filepath.Join(dir, "program")}, append(args, "--state-dir", filepath.Join(dir, "dockwall"))...)
		return t.Engine.Script(ctx, strings.Join(command, " "), "DOCKER_HOST=unix://"+filepath.Join(dir, "docker.sock"))
	}
	result, err := t.Dockwall(ctx, r.dockwall, args...)
	if err == nil && result.Exit != 0 {
		err = fmt.Errorf("dockwall %s: exit %d\n%s%s", strings.Join(args, " "), result.Exit, result.Stdout, result.Stderr)
	}
	return err
}

// snapshot takes the host's snapshot.
func (r *recorder) snapshot(ctx context.Context, t *testbed.Testbed, b bed) (*host.Snapshot, error) {
	const name = "snapshot.json"
	if err := r.run(ctx, t, b, "snapshot", filepath.Join(directory(t, b), name)); err != nil {
		return nil, err
	}
	path, _ := t.Engine.Shared(name)
	return host.ReadSnapshot(path)
}
