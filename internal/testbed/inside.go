package testbed

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// install gets the packages of a suite into a root that is not kept; nothing of them starts.
const install = `set -e
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
apt-get -q update
apt-get -q install -y --no-install-recommends "$@"`

// Install installs Debian packages of the engine's suite into its root, for as long as it runs. They come over the
// machine's network: the testbed has none.
func (e *Engine) Install(ctx context.Context, packages ...string) error {
	args := []string{"--target", strconv.Itoa(e.pid), "--mount", "--pid", "--root", "--wd", "--", "sh", "-c", install, "sh"}
	output, err := exec.CommandContext(ctx, "nsenter", append(args, packages...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("installing %s: %w: %s", strings.Join(packages, ", "), err, lastLines(output, 3))
	}
	return nil
}

// Script runs a shell script within the engine's namespaces and root, on the host's network. What it leaves running ends
// with the engine. Variables are NAME=VALUE.
func (e *Engine) Script(ctx context.Context, script string, variables ...string) error {
	cmd := e.inside("env", append(variables, "sh", "-c", script)...)
	log, err := e.log("script")
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log // a file, which daemons may keep open: a pipe would be waited for
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("a script beside the engine: %w: %s", err, e.lastWords("script"))
	}
	return nil
}

// Shared is a path of the testbed's own directory, as this machine has it and as the engine's root has it.
func (e *Engine) Shared(name string) (here, inside string) {
	return filepath.Join(e.state, name), filepath.Join("/mnt", name)
}
