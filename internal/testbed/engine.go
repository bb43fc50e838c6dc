package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/dockwall/dockwall/internal/netlab"
)

// EngineOptions say which engine to start, and how.
type EngineOptions struct {
	Suite  string   // of Suites; "": bookworm
	Legacy bool     // the engine's iptables is iptables-legacy, else iptables-nft
	Flags  []string // further flags of dockerd: "--userland-proxy=false"
}

// Engine is a dockerd with its containerd, in mount and process namespaces of its own. Process 1 there outlives
// dockerd, so that containers can too; with it everything else of the engine ends.
type Engine struct {
	Client *client.Client

	options EngineOptions
	state   string // directory of socket and logs; /mnt inside
	cgroup  string // of the containers: "/dockwall-NAME"
	host    *netlab.Namespace
	init    *exec.Cmd // process 1; nil where another process made the engine (Attach)
	pid     int       // of process 1, as this machine numbers it
	life    io.Closer // closing it ends process 1; so does the death of this process
	dockerd chan error
}

const (
	containerdSocket = "/run/containerd/containerd.sock"
	dockerdPID       = "/run/docker.pid"
)

// start starts process 1, containerd and dockerd, and waits until the engine answers. With keep, the engine outlives
// this process.
func (e *Engine) start(ctx context.Context, keep bool) error {
	root, err := EngineRoot(ctx, e.options.Suite)
	if err != nil {
		return err
	}
	if e.Client, err = client.New(client.WithHost(e.DockerHost())); err != nil {
		return err
	}
	loadModules(ctx)
	if err := e.startInit(root, keep); err != nil {
		return fmt.Errorf("starting process 1 of the engine: %w", err)
	}
	if err := e.startContainerd(ctx); err != nil {
		return err
	}
	return e.Start(ctx)
}

// DockerHost is the engine's address for its clients, as in the variable DOCKER_HOST.
func (e *Engine) DockerHost() string { return dockerHost(e.state) }

// loadModules loads what dockerd would load itself: its root has no modprobe. A kernel that has them built in, or that
// cannot load modules, shows its true face when dockerd starts.
func loadModules(ctx context.Context) {
	_ = exec.CommandContext(ctx, "modprobe", "-q", "-a", "overlay", "br_netfilter").Run()
}

func (e *Engine) startContainerd(ctx context.Context) error {
	const config = "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n"
	if err := os.WriteFile(filepath.Join(e.state, "containerd.toml"), []byte(config), 0o644); err != nil {
		return err
	}
	ended, err := e.spawn("containerd", "--config", "/mnt/containerd.toml", "--root", "/run/containerd-root",
		"--state", "/run/containerd", "--address", containerdSocket)
	if err != nil {
		return err
	}
	socket := fmt.Sprintf("/proc/%d/root%s", e.pid, containerdSocket)
	return e.await(ctx, "containerd", ended, func() bool { return listens(socket) })
}

func listens(socket string) bool {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// Start starts dockerd and waits until it answers.
func (e *Engine) Start(ctx context.Context) error {
	flags := append([]string{
		"--host", "unix:///mnt/docker.sock", "--data-root", "/run/docker-data", "--pidfile", dockerdPID,
		"--containerd", containerdSocket, "--cgroup-parent", e.cgroup, "--exec-opt", "native.cgroupdriver=cgroupfs",
	}, e.options.Flags...)
	ended, err := e.spawn("dockerd", flags...)
	if err != nil {
		return err
	}
	e.dockerd = ended
	return e.await(ctx, "dockerd", ended, func() bool {
		_, err := e.Client.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
		return err == nil
	})
}

// Stop ends dockerd as a service manager would (SIGTERM), and waits for its end.
func (e *Engine) Stop(ctx context.Context) error { return e.end(ctx, "TERM") }

// Kill ends dockerd without its knowing (SIGKILL).
func (e *Engine) Kill(ctx context.Context) error { return e.end(ctx, "KILL") }

func (e *Engine) end(ctx context.Context, signal string) error {
	kill := fmt.Sprintf("kill -%s $(cat %s)", signal, dockerdPID)
	if output, err := e.inside("sh", "-c", kill).CombinedOutput(); err != nil {
		return fmt.Errorf("ending dockerd: %w: %s", err, strings.TrimSpace(string(output)))
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case <-e.dockerd:
	case <-ctx.Done():
		return fmt.Errorf("dockerd does not end: %w: %s", ctx.Err(), e.lastWords("dockerd"))
	}
	if err := os.Remove(filepath.Join(e.state, "docker.sock")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Restart is Stop and Start.
func (e *Engine) Restart(ctx context.Context) error {
	if err := e.Stop(ctx); err != nil {
		return err
	}
	return e.Start(ctx)
}
