package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/nftables"
	"github.com/dockwall/dockwall/internal/testbed"
)

// labelled is the container that comes and goes.
const labelled = "labelled"

// guardPatience is how long the guard may take for anything before the benchmark gives up.
const guardPatience = time.Minute

// Guard measures dockwall run on a real engine with so many containers, nftables: from a container's start event to the
// rule of its label, from the end of a command that deletes the table to the table, and what it uses at rest.
func Guard(ctx context.Context, out io.Writer, containers, rounds int) error {
	bed, err := testbed.New(ctx, testbed.Options{})
	if err != nil {
		return err
	}
	defer bed.Close()
	directory, err := os.MkdirTemp("", "dockwall-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	if err := populate(ctx, bed, containers); err != nil {
		return err
	}
	g, err := startGuard(ctx, bed, directory)
	if err != nil {
		return err
	}
	defer g.end()
	fmt.Fprintf(out, "The guard on a real engine with %d containers, nftables\n\n", containers)
	for _, figure := range []func(context.Context, io.Writer, int) error{g.starts, g.repairs, g.rest} {
		if err := figure(ctx, out, rounds); err != nil {
			return fmt.Errorf("%w; the guard said: %s", err, g.log)
		}
	}
	return nil
}

// populate starts so many containers, four at a time.
func populate(ctx context.Context, bed *testbed.Testbed, containers int) error {
	var all sync.WaitGroup
	failed := make([]error, 4)
	for worker := range failed {
		all.Go(func() {
			for i := worker; i < containers && failed[worker] == nil; i += len(failed) {
				_, failed[worker] = bed.Engine.RunContainer(ctx, testbed.Container{Name: fmt.Sprintf("other-%d", i)})
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// starts prints the times from the engine's start event to the label's rule.
func (g *guarded) starts(ctx context.Context, out io.Writer, rounds int) error {
	c, err := g.bed.Engine.RunContainer(ctx, testbed.Container{Name: labelled, Listen: []string{"80/tcp"},
		Publish: []string{"8080:80"}, Labels: map[string]string{"dockwall.allow": "80/tcp from any"}})
	if err != nil {
		return err
	}
	events := g.bed.Engine.Client.Events(ctx, client.EventsListOptions{
		Filters: client.Filters{}.Add("container", labelled).Add("event", "start")})
	var times []time.Duration
	for range rounds {
		if err := c.Stop(ctx); err != nil {
			return err
		}
		if _, err := g.await(ctx, func(i *backend.Installed) bool { return !hasLabel(i) }); err != nil {
			return err
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Start(ctx) }()
		select {
		case event := <-events.Messages:
			inForce, err := g.await(ctx, hasLabel)
			if err != nil {
				return err
			}
			times = append(times, inForce.Sub(time.Unix(0, event.TimeNano)))
		case err := <-events.Err:
			return fmt.Errorf("the engine's events: %w", err)
		}
		if err := <-ended; err != nil {
			return err
		}
	}
	report(out, "start event to the label's rule", times)
	return nil
}

// repairs prints the times from the table's end to its return.
func (g *guarded) repairs(ctx context.Context, out io.Writer, rounds int) error {
	var times []time.Duration
	for range rounds {
		if _, err := g.bed.Host.Run(ctx, "nft", "delete", "table", "inet", "dockwall"); err != nil {
			return err
		}
		deleted := time.Now()
		back, err := g.await(ctx, hasLabel)
		if err != nil {
			return err
		}
		times = append(times, max(0, back.Sub(deleted)))
	}
	report(out, "table deleted to table back", times)
	return nil
}

// report prints the median, the 99th percentile and the largest of times.
func report(out io.Writer, what string, times []time.Duration) {
	slices.Sort(times)
	fmt.Fprintf(out, "%-34s %d times: p50 %.1f ms, p99 %.1f ms, largest %.1f ms\n", what, len(times),
		milliseconds(times[len(times)/2]), milliseconds(times[len(times)*99/100]), milliseconds(times[len(times)-1]))
}

// hasLabel tells whether a rule of the label is installed.
func hasLabel(i *backend.Installed) bool {
	return i != nil && slices.ContainsFunc(i.Lines, func(l backend.Line) bool {
		return strings.Contains(l.Rule.Position.File, labelled)
	})
}

// await reads what is installed, again and again, and tells when it is as wanted.
func (g *guarded) await(ctx context.Context, wanted func(*backend.Installed) bool) (when time.Time, err error) {
	kernel := nftables.New(nftables.Options{})
	err = g.bed.Host.Do(func() error {
		for begun := time.Now(); time.Since(begun) < guardPatience; time.Sleep(500 * time.Microsecond) {
			installed, err := kernel.Read(ctx)
			if when = time.Now(); err != nil || wanted(installed) {
				return err
			}
		}
		return fmt.Errorf("the rules did not become what the guard was to make of them in %v", guardPatience)
	})
	return when, err
}

// guardPolicy allows what labels say.
func guardPolicy(directory string) (path string, err error) {
	path = filepath.Join(directory, "policy.yaml")
	return path, os.WriteFile(path, []byte("version: 1\nlabels: {within: any}\ningress: [allow 9/tcp from any]\n"), 0o600)
}
