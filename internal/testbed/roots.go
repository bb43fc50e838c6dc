package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Suites are the Debian suites that engines come from: docker 20.10, 26.1 and 28.5.
var Suites = []string{"bookworm", "trixie", "forky"}

// CacheDir is where engine roots are kept: DOCKWALL_CACHE, else /var/cache/dockwall.
func CacheDir() string {
	if dir := os.Getenv("DOCKWALL_CACHE"); dir != "" {
		return dir
	}
	return "/var/cache/dockwall"
}

// EngineRoot gives the directory of a suite's root file system with docker.io in it, and makes it where it is missing.
// That takes a minute and the Debian archive; two at once make it once. Engines never write into it.
func EngineRoot(ctx context.Context, suite string) (string, error) {
	return rootWith(ctx, suite, suite, "usr/sbin/dockerd", "docker.io,iptables")
}

// MachineRoot is EngineRoot for machines that boot, with systemd and nft.
func MachineRoot(ctx context.Context, suite string) (string, error) {
	return rootWith(ctx, suite+"-machine", suite, "lib/systemd/systemd", "docker.io,iptables,nftables,systemd-sysv")
}

// rootWith gives the root of a name, and makes it of a suite's packages where the file that shows them is missing.
func rootWith(ctx context.Context, name, suite, witness, packages string) (string, error) {
	engines := filepath.Join(CacheDir(), "engines")
	root := filepath.Join(engines, name)
	if err := os.MkdirAll(engines, 0o755); err != nil {
		return "", fmt.Errorf("the cache of engine roots: %w (DOCKWALL_CACHE names another directory)", err)
	}
	lock, err := lockFile(filepath.Join(engines, "."+name+".lock"), unix.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if _, err := os.Stat(filepath.Join(root, witness)); err == nil {
		return root, nil
	}
	if err := bootstrap(ctx, suite, root, packages); err != nil {
		return "", fmt.Errorf("making the root of Debian %s in %s: %w", suite, root, err)
	}
	return root, nil
}

// bootstrap makes the root beside its place and renames it, so that a root that exists is complete.
func bootstrap(ctx context.Context, suite, root, packages string) error {
	mirror, err := archive(ctx)
	if err != nil {
		return err
	}
	unfinished := filepath.Join(filepath.Dir(root), "."+filepath.Base(root)+".unfinished")
	if err := os.RemoveAll(unfinished); err != nil { // of a run that was killed; the lock is ours
		return err
	}
	cmd := exec.CommandContext(ctx, "debootstrap", "--variant=minbase", "--include="+packages,
		suite, unfinished, mirror, debootstrapScript(suite))
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS} // what it mounts goes with it
	output, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("debootstrap: %w: %s", err, lastLines(output, 3))
		return errors.Join(err, os.RemoveAll(unfinished))
	}
	return os.Rename(unfinished, root)
}

// debootstrapScript is the suite's own script, or that of sid for a suite younger than this debootstrap.
func debootstrapScript(suite string) string {
	const scripts = "/usr/share/debootstrap/scripts/"
	if _, err := os.Stat(scripts + suite); err != nil {
		return scripts + "sid"
	}
	return scripts + suite
}

// archive is the Debian archive that this machine's own apt uses.
func archive(ctx context.Context) (string, error) {
	const why = "asking apt for the Debian archive (apt-get indextargets)"
	output, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI)",
		"Created-By: Packages", "Label: Debian").Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", why, err)
	}
	mirror, _, _ := strings.Cut(string(output), "\n")
	if mirror == "" {
		return "", errors.New(why + ": apt has no package lists; run apt-get update")
	}
	return mirror, nil
}

func lastLines(output []byte, n int) string {
	lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte(" / ")))
}

// lockFile opens a file and locks it with flock; closing it unlocks. With LOCK_NB in how, a lock that another holds is
// an error (EWOULDBLOCK).
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}
