package testbed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// namesDir is where ip netns keeps named network namespaces.
const namesDir = "/run/netns"

// giveName gives a namespace a name, so that it outlives this process and "ip netns exec" and nsenter find it.
func giveName(path, name string) error {
	if err := os.MkdirAll(namesDir, 0o755); err != nil {
		return err
	}
	target := filepath.Join(namesDir, name)
	f, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return fmt.Errorf("naming a network namespace: %w", err)
	}
	f.Close()
	if err := unix.Mount(path, target, "none", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("naming the network namespace %s: %w", name, err)
	}
	return nil
}

// takeName takes the name away; the namespace ends when nothing else holds it.
func takeName(name string) error {
	target := filepath.Join(namesDir, name)
	if err := unix.Unmount(target, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) &&
		!errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("unmounting %s: %w", target, err)
	}
	if err := os.Remove(target); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
