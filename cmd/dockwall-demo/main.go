// Command dockwall-demo shows dockwall on a real Docker engine: published ports open, closed by the recipe's policy, and
// open again. It is run as root by make demo, fails where anything is not as it says, and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/testbed"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	directory, err := os.MkdirTemp("", "dockwall-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	dockwall, err := filepath.Abs("bin/dockwall")
	if err != nil {
		return err
	}
	if _, err := os.Stat(dockwall); err != nil {
		return fmt.Errorf("%w: run make build first", err)
	}
	d := &demo{dockwall: dockwall, policy: filepath.Join(directory, "policy.yaml"), paint: newPaint(os.Stdout)}
	err = d.show(ctx)
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	return errors.Join(err, d.end())
}

// demo is the show: its host, its command and what it has found.
type demo struct {
	paint
	bed      *testbed.Testbed
	dockwall string
	policy   string
	wrong    int // expectations that did not hold
}

func (d *demo) show(ctx context.Context) error {
	for _, act := range []func(context.Context) error{
		d.startEngine, d.publish, d.asDockerLeavesIt, d.apply, d.fromOutside, d.status, d.reset,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	if d.wrong > 0 {
		return fmt.Errorf("%d expectations did not hold; they are marked above", d.wrong)
	}
	return nil
}

// end removes the host, also after a failure or an interruption, and looks whether it is gone. (A host that was not
// complete yet when the interruption came has removed itself.)
func (d *demo) end() error {
	if d.bed == nil {
		return nil
	}
	if err := d.bed.Close(); err != nil {
		return err
	}
	records, err := testbed.Status()
	if err != nil {
		return err
	}
	for _, r := range records {
		if r.Name == d.bed.Name {
			return fmt.Errorf("the testbed %s is still there", r.Name)
		}
	}
	d.headline("The engine, its containers and its network are gone; nothing is left behind.")
	return nil
}
