package testbed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// removeCgroups removes a cgroup ("/dockwall-NAME") and those below it from every hierarchy. Its processes must have
// ended; the kernel takes a moment to let go of them.
func removeCgroups(cgroup string) error {
	hierarchies, err := cgroupMounts()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(10 * time.Second)
	for _, hierarchy := range hierarchies {
		top := filepath.Join(hierarchy, cgroup)
		for err := removeTree(top); err != nil; err = removeTree(top) {
			if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
				return fmt.Errorf("removing the cgroup %s: %w", top, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

// thaw lets the paused containers below a cgroup go on: the kernel's older freezer keeps even a kill from them.
func thaw(cgroup string) error {
	hierarchies, err := cgroupMounts()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		frozen, err := filepath.Glob(filepath.Join(hierarchy, cgroup, "*", "freezer.state"))
		if err != nil {
			return err
		}
		for _, path := range frozen {
			if err := os.WriteFile(path, []byte("THAWED"), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// removeTree removes directories from the leaves up; the files of a cgroup go with its directory.
func removeTree(top string) error {
	var directories []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			directories = append(directories, path)
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Backward(directories) {
		if err := unix.Rmdir(path); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return nil
}

// cgroupMounts are the mount points of all cgroup hierarchies, of both versions.
func cgroupMounts() ([]string, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var points []string
	for line := range strings.Lines(string(table)) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if strings.HasPrefix(after, "cgroup") && len(fields) > 4 { // "cgroup" or "cgroup2"
			points = append(points, fields[4])
		}
	}
	return points, nil
}
