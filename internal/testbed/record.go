package testbed

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// stateDir has one directory for each testbed, with its record, lock, logs and the engine's socket.
const stateDir = "/run/dockwall-testbed"

// Record is what a testbed leaves in its directory, for status, and for clean-up when its process has died.
type Record struct {
	Name       string
	Kept       bool // outlives the process that made it, until Down
	Suite      string
	Process    int      // process 1 of the engine, as this machine numbers it
	Started    string   // when that process started, in the kernel's clock ticks: a number may be used again
	Namespaces []string // names below /run/netns, where kept
}

// DockerHost is the address of the testbed's engine, as in the variable DOCKER_HOST.
func (r Record) DockerHost() string { return dockerHost(filepath.Join(stateDir, r.Name)) }

// cgroup is where the testbed's containers are, in every hierarchy.
func (r Record) cgroup() string { return "/dockwall-" + r.Name }

func dockerHost(state string) string { return "unix://" + filepath.Join(state, "docker.sock") }

func recordPath(name string) string { return filepath.Join(stateDir, name, "record.json") }

func writeRecord(r Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(recordPath(r.Name), append(data, '\n'), 0o644)
}

func readRecord(name string) (Record, error) {
	r := Record{Name: name}
	data, err := os.ReadFile(recordPath(name))
	if errors.Is(err, os.ErrNotExist) {
		return r, nil // died before its record was written: nothing but the directory
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("reading %s: %w", recordPath(name), err)
	}
	return r, nil
}
