package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build builds a command of this module ("dockwall", "dockwall-testserver") as a static binary into a directory and
// gives its path. The working directory must be inside the module.
func Build(ctx context.Context, directory, command string) (string, error) {
	target := filepath.Join(directory, command)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", target, "github.com/dockwall/dockwall/cmd/"+command)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", command, err, strings.TrimSpace(string(output)))
	}
	return target, nil
}
