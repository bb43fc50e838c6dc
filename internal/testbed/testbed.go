// Package testbed is real Docker hosts in network namespaces, with clients around them, for tests, for the demo and for
// use by hand (dockwall-testbed).
//
// A testbed is one Docker engine from a Debian suite (EngineRoot) on a host with two links, an office client, an
// internet client behind a router, a neighbour on the same link and a machine on the second link (see the constants for
// their addresses). Containers run the project's own server (package testserver), so that no registry is needed.
//
// Invariants: nothing happens in the machine's own network namespace, and its Docker and firewall are never touched.
// All that a testbed mounts and starts is in namespaces of its own, which end with the process that made it, however
// that ends; what remains then, a directory and empty cgroups, is removed by the next New (or Sweep). Testbeds are
// independent: any number can be there at once.
package testbed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// Options say what testbed to make.
type Options struct {
	Name   string // "": one that no other has
	Keep   bool   // it outlives this process, until Down
	Server string // path of a dockwall-testserver (Build) for the containers; "": it is built for this testbed
	Engine EngineOptions
}

// Testbed is a Docker host with clients around it.
type Testbed struct {
	Name   string
	Engine *Engine

	// The machines. Host is the Docker host itself.
	Host, Office, Internet, Neighbour, Router, Annex *Station

	layout *layout
	lock   *os.File
	record Record
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// New makes a testbed with its engine running. The caller closes it, unless it is to be kept.
func New(ctx context.Context, o Options) (*Testbed, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a testbed makes namespaces and mounts, which needs root")
	}
	if o.Name == "" {
		o.Name = fmt.Sprintf("t%08x", rand.Uint32())
	}
	if !validName.MatchString(o.Name) {
		return nil, fmt.Errorf("%q is no name for a testbed: up to 30 lower-case letters, digits and hyphens", o.Name)
	}
	if o.Engine.Suite == "" {
		o.Engine.Suite = Suites[0]
	}
	if err := Sweep(); err != nil {
		return nil, err
	}
	t := &Testbed{Name: o.Name}
	if err := t.build(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("testbed %s: %w", o.Name, err), t.Close())
	}
	return t, nil
}

func (t *Testbed) build(ctx context.Context, o Options) error {
	var err error
	if t.lock, err = claim(o.Name); err != nil {
		return err
	}
	t.record = Record{Name: o.Name, Kept: o.Keep, Suite: o.Engine.Suite}
	if t.layout, err = buildNetwork(); err != nil {
		return err
	}
	at := t.layout.stations
	t.Host, t.Office, t.Internet = at["host"], at["office"], at["internet"]
	t.Neighbour, t.Router, t.Annex = at["neighbour"], at["router"], at["annex"]
	t.Engine = &Engine{options: o.Engine, state: t.directory(), cgroup: t.record.cgroup(), host: t.Host.namespace}
	if err := t.Engine.start(ctx, o.Keep); err != nil {
		return err
	}
	if err := t.provideImage(ctx, o.Server); err != nil {
		return err
	}
	return t.remember(o.Keep)
}

func (t *Testbed) provideImage(ctx context.Context, server string) error {
	if server == "" {
		var err error
		if server, err = Build(ctx, t.directory(), "dockwall-testserver"); err != nil {
			return err
		}
	}
	return t.Engine.importImage(ctx, server)
}

// remember writes the record, and then gives kept namespaces their names.
func (t *Testbed) remember(keep bool) error {
	t.record.Process = t.Engine.pid
	_, t.record.Started = processState(t.record.Process)
	if !keep {
		return writeRecord(t.record)
	}
	for station := range t.layout.stations {
		t.record.Namespaces = append(t.record.Namespaces, t.Name+"-"+station)
	}
	slices.Sort(t.record.Namespaces)
	if err := writeRecord(t.record); err != nil {
		return err
	}
	for station, s := range t.layout.stations {
		if err := giveName(s.Path(), t.Name+"-"+station); err != nil {
			return err
		}
	}
	return nil
}

func (t *Testbed) directory() string { return filepath.Join(stateDir, t.Name) }

// Close ends the testbed and removes everything of it.
func (t *Testbed) Close() error {
	if t.lock == nil {
		return nil
	}
	defer t.lock.Close()
	var errs []error
	if t.Engine != nil {
		errs = append(errs, t.Engine.close())
	}
	if t.layout != nil {
		t.layout.close()
	}
	return errors.Join(append(errs, discard(t.record))...)
}
