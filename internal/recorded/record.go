package recorded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dockwall/dockwall/internal/atomicfile"
	"github.com/dockwall/dockwall/internal/host"
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

// Record records all hosts into a directory that has the policy. It says what it has recorded. It needs root, and the
// source tree as its working directory.
func Record(ctx context.Context, dir string, said func(string)) error {
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
	if err := errors.Join(r.placePolicy(t), furnish(ctx, t)); err != nil {
		return err
	}
	if err := r.record(ctx, t, b.name); err != nil {
		return err
	}
	for _, backend := range b.backends {
		if err := r.run(ctx, t, "apply", "--yes", "--backend", backend); err != nil {
			return err
		}
		if err := r.record(ctx, t, b.name+"-"+backend); err != nil {
			return err
		}
		if err := r.run(ctx, t, "reset", "--yes", "--backend", backend); err != nil {
			return err
		}
	}
	return nil
}

// placePolicy puts the policy where it always is on these hosts: rules name the place.
func (r *recorder) placePolicy(t *testbed.Testbed) error {
	policy, err := os.ReadFile(filepath.Join(r.dir, Policy))
	if err != nil {
		return fmt.Errorf("the policy of the recorded hosts: %w", err)
	}
	return os.WriteFile(filepath.Join(policyDir(t), Policy), policy, 0o600)
}

// policyDir is short: rules have room for the end of a path only.
func policyDir(t *testbed.Testbed) string { return filepath.Dir(t.StateDir()) }

// furnish starts the shop.
func furnish(ctx context.Context, t *testbed.Testbed) error {
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

// run runs a verb of dockwall on the host.
func (r *recorder) run(ctx context.Context, t *testbed.Testbed, args ...string) error {
	args = append(args, "--policy", filepath.Join(policyDir(t), Policy))
	result, err := t.Dockwall(ctx, r.dockwall, args...)
	if err == nil && result.Exit != 0 {
		err = fmt.Errorf("dockwall %s: exit %d\n%s%s", strings.Join(args, " "), result.Exit, result.Stdout, result.Stderr)
	}
	return err
}

// record writes the recording of a name.
func (r *recorder) record(ctx context.Context, t *testbed.Testbed, name string) error {
	raw := filepath.Join(r.work, "snapshot.json")
	if err := r.run(ctx, t, "snapshot", raw); err != nil {
		return err
	}
	s, err := host.ReadSnapshot(raw)
	if err != nil {
		return err
	}
	plain(s, policyDir(t))
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(r.dir, name+".json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	var lines strings.Builder
	for _, d := range dialAll(ctx, t) {
		fmt.Fprintln(&lines, d)
	}
	r.said(name)
	return atomicfile.Write(filepath.Join(r.dir, name+".dials"), []byte(lines.String()), 0o644)
}

// dialAll has every client dial everything, at the same time: who gets no answer waits for long.
func dialAll(ctx context.Context, t *testbed.Testbed) []Dial {
	var group sync.WaitGroup
	attempts := attempts(t)
	dials := make([]Dial, len(attempts))
	for i, a := range attempts {
		group.Go(func() {
			dials[i] = a.dial
			answer := a.from.Dial(ctx, a.dial.Network, a.dial.To.String())
			dials[i].Outcome, dials[i].Server = answer.Outcome, answer.Reply.Server
		})
	}
	group.Wait()
	return dials
}

// attempt is a dial that is still to come.
type attempt struct {
	from *testbed.Station
	dial Dial
}

func attempts(t *testbed.Testbed) []attempt {
	var all []attempt
	add := func(from *testbed.Station, network, to string) {
		d, err := parseDial(strings.Join([]string{from.Name, network, to, "unknown"}, " "))
		if err != nil {
			panic(err) // the tables here are wrong
		}
		all = append(all, attempt{from, d})
	}
	for _, client := range []*testbed.Station{t.Office, t.Internet, t.Neighbour, t.Annex} {
		for _, d := range dialled {
			for _, address := range []string{testbed.HostIPv4, testbed.HostOffice, testbed.HostIPv6} {
				if address != testbed.HostOffice || client == t.Office {
					add(client, d.network, net.JoinHostPort(address, d.port))
				}
			}
		}
	}
	for _, client := range []*testbed.Station{t.Neighbour, t.Annex} {
		for _, d := range own {
			add(client, d.network, d.address)
		}
	}
	return all
}
