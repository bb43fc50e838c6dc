package main

import (
	"context"
	"os/exec"
	"testing"

	"github.com/dockwall/dockwall/internal/netlab"
)

// The demo shows what it says, on a real engine. It fails where one of its expectations does not hold.
func TestDemo(t *testing.T) {
	netlab.Need(t)
	t.Chdir("../..")
	if output, err := exec.Command("make", "build").CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, output)
	}
	if err := run(context.Background()); err != nil {
		t.Fatal(err)
	}
}
