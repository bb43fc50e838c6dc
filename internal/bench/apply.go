package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/nftables"
)

// Apply times each step of putting a policy of so many rules in force with the nftables backend, on a fresh host, then
// one more rule, and prints the process's peak memory.
func Apply(ctx context.Context, out io.Writer, rules int) error {
	fmt.Fprintf(out, "\nApply of %d rules, nftables, milliseconds by step\n\n", rules)
	for _, shape := range []struct{ name, text, more string }{
		{"a port a rule", policyText(rules), "  - allow 9/tcp from any\n"},
		{"one port, a source a rule", manySourcesText(rules), "  - allow 9/tcp from any\n"},
	} {
		w, err := newWorld(ctx)
		if err != nil {
			return err
		}
		err = w.host.Do(func() error {
			if err := timedApply(ctx, out, shape.name, shape.text); err != nil {
				return err
			}
			return timedApply(ctx, out, shape.name+", one more rule", shape.text+shape.more)
		})
		w.close()
		if err != nil {
			return fmt.Errorf("%s: %w", shape.name, err)
		}
	}
	memory, err := peakMemory()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\npeak memory of this process: %s\n", memory)
	return nil
}

func timedApply(ctx context.Context, out io.Writer, name, text string) error {
	b := nftables.New(nftables.Options{})
	var g *gate.Gate
	steps := []struct {
		name string
		do   func() error
	}{
		{"policy to gate", func() (err error) { g, err = compile(text); return err }},
		{"rehearse", func() error { return b.Rehearse(ctx, g) }},
		{"read and install", func() error { return install(ctx, b, g) }},
		{"read back", func() error {
			installed, err := b.Read(ctx)
			if err != nil {
				return err
			}
			change, err := b.Change(g, installed)
			if err == nil && !change.Empty() {
				err = fmt.Errorf("what was read back differs: %s", change.Summary)
			}
			return err
		}},
	}
	var line strings.Builder
	begin := time.Now()
	for _, step := range steps {
		start := time.Now()
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(&line, "  %s %.0f", step.name, milliseconds(time.Since(start)))
	}
	fmt.Fprintf(out, "%-42s%s  in all %.0f\n", name, line.String(), milliseconds(time.Since(begin)))
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// peakMemory is this process's largest resident set so far.
func peakMemory() (string, error) { return statusField(os.Getpid(), "VmHWM") }

// statusField is a field of /proc/PID/status (proc(5)).
func statusField(process int, name string) (string, error) {
	path := fmt.Sprintf("/proc/%d/status", process)
	status, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("%s has no %s", path, name)
}
