package testbed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"
)

// claim makes the directory of a new testbed and locks it for the life of this process.
func claim(name string) (*os.File, error) {
	registry, err := lockFile(stateDir+".lock", unix.LOCK_EX) // between directory and lock, it looks like remains
	if err != nil {
		return nil, err
	}
	defer registry.Close()
	directory := filepath.Join(stateDir, name)
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(directory, 0o755); err != nil {
		return nil, fmt.Errorf("a testbed %s exists already, or its remains do: %w", name, err)
	}
	return lockFile(filepath.Join(directory, "lock"), unix.LOCK_EX|unix.LOCK_NB)
}

// Status lists the testbeds of this machine.
func Status() ([]Record, error) {
	entries, err := os.ReadDir(stateDir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, entry := range entries {
		record, err := readRecord(entry.Name())
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

// Attach gives the engine of a kept testbed, to run containers and networks in.
func Attach(name string) (*Engine, error) {
	record, err := existing(name)
	if err != nil {
		return nil, err
	}
	e := &Engine{state: filepath.Join(stateDir, name), pid: record.Process}
	e.Client, err = client.New(client.WithHost(e.DockerHost()))
	return e, err
}

// Down removes a kept testbed.
func Down(name string) error {
	record, err := existing(name)
	if err != nil {
		return err
	}
	return remove(record)
}

func existing(name string) (Record, error) {
	if _, err := os.Stat(filepath.Join(stateDir, name)); err != nil || !validName.MatchString(name) {
		return Record{}, fmt.Errorf("there is no testbed %q (dockwall-testbed status lists them)", name)
	}
	return readRecord(name)
}

// Sweep removes what testbeds left whose process died without closing them.
func Sweep() error {
	registry, err := lockFile(stateDir+".lock", unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer registry.Close()
	records, err := Status()
	if err != nil {
		return err
	}
	for _, record := range records {
		if record.Kept {
			continue
		}
		lock, err := lockFile(filepath.Join(stateDir, record.Name, "lock"), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
			continue // alive, or just gone
		}
		if err != nil {
			return err
		}
		err = remove(record)
		lock.Close()
		if err != nil {
			return fmt.Errorf("removing what is left of testbed %s: %w", record.Name, err)
		}
	}
	return nil
}

// remove ends a testbed's process 1, if it still is the one that was recorded, and removes what it leaves.
func remove(r Record) error {
	if err := thaw(r.cgroup()); err != nil {
		return err
	}
	if alive(r) {
		if err := unix.Kill(r.Process, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
		for deadline := time.Now().Add(30 * time.Second); alive(r); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d was killed and does not end", r.Process)
			}
		}
	}
	return discard(r)
}

// discard removes the traces of a testbed whose processes have ended.
func discard(r Record) error {
	for _, name := range r.Namespaces {
		if err := takeName(name); err != nil {
			return err
		}
	}
	if err := removeCgroups(r.cgroup()); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(stateDir, r.Name))
}

func alive(r Record) bool {
	state, started := processState(r.Process)
	return r.Process != 0 && started == r.Started && state != "Z"
}

// processState gives a process's state and start time from /proc/PID/stat; empty where there is no such process.
func processState(pid int) (state, started string) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", ""
	}
	fields := strings.Fields(string(text[strings.LastIndex(string(text), ")")+1:]))
	return fields[0], fields[19]
}
