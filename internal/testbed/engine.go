package testbed

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/netlab"
)

//go:embed engine.sh
var engineScript string

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
	init    *exec.Cmd
	life    io.Closer // closing it ends process 1; so does the death of this process
	dockerd chan error
}

const (
	containerdSocket = "/run/containerd/containerd.sock"
	dockerdPID       = "/run/docker.pid"
)

// startEngine starts process 1, containerd and dockerd, and waits until the engine answers. With keep, the engine
// outlives this process.
func startEngine(ctx context.Context, host *netlab.Namespace, state, cgroup string, o EngineOptions, keep bool) (*Engine,
	error) {
	root, err := EngineRoot(ctx, o.Suite)
	if err != nil {
		return nil, err
	}
	e := &Engine{options: o, state: state, cgroup: cgroup, host: host}
	if e.Client, err = client.New(client.WithHost(e.DockerHost())); err != nil {
		return nil, err
	}
	loadModules(ctx)
	if err := e.startInit(root, keep); err != nil {
		return nil, fmt.Errorf("starting process 1 of the engine: %w", err)
	}
	if err := e.startContainerd(ctx); err != nil {
		return e, err
	}
	return e, e.Start(ctx)
}

// DockerHost is the engine's address for its clients, as in the variable DOCKER_HOST.
func (e *Engine) DockerHost() string { return "unix://" + filepath.Join(e.state, "docker.sock") }

// loadModules loads what dockerd would load itself: its root has no modprobe. A kernel that has them built in, or that
// cannot load modules, shows its true face when dockerd starts.
func loadModules(ctx context.Context) {
	_ = exec.CommandContext(ctx, "modprobe", "-q", "-a", "overlay", "br_netfilter").Run()
}

func (e *Engine) startInit(root string, keep bool) error {
	if err := os.MkdirAll(filepath.Join(e.state, "root"), 0o755); err != nil {
		return err
	}
	variant := "nft"
	if e.options.Legacy {
		variant = "legacy"
	}
	command := []string{"/bin/cat"} // until its standard input ends
	if keep {
		command = []string{"/bin/sleep", "infinity"}
	}
	e.init = exec.Command("/bin/sh", append([]string{"-c", engineScript, "engine.sh", root, e.state, variant}, command...)...)
	e.init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Setsid: true}
	var err error
	if e.life, err = e.init.StdinPipe(); err != nil {
		return err
	}
	return e.awaitInit()
}

func (e *Engine) awaitInit() error {
	log, err := e.log("init")
	if err != nil {
		return err
	}
	defer log.Close()
	e.init.Stderr = log
	said, err := e.init.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.host.Do(e.init.Start); err != nil {
		return err
	}
	if line, _ := bufio.NewReader(said).ReadString('\n'); line != "ready\n" {
		return fmt.Errorf("%w: %s", e.init.Wait(), e.lastWords("init"))
	}
	return nil
}

func (e *Engine) log(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(e.state, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// lastWords are the last lines of a log, for errors.
func (e *Engine) lastWords(name string) string {
	text, err := os.ReadFile(filepath.Join(e.state, name+".log"))
	if err != nil {
		return err.Error()
	}
	return lastLines(text, 5)
}

// inside is a command within the engine's namespaces and root. It outlives this process where the engine does.
func (e *Engine) inside(name string, args ...string) *exec.Cmd {
	target := strconv.Itoa(e.init.Process.Pid)
	cmd := exec.Command("nsenter", append([]string{"--target", target, "--mount", "--pid", "--net", "--root", "--wd",
		"--", name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// spawn starts a daemon inside; the channel gives its end.
func (e *Engine) spawn(name string, args ...string) (chan error, error) {
	log, err := e.log(name)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := e.inside(name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- fmt.Errorf("%s ended (%v)", name, cmd.Wait()) }()
	return ended, nil
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
	socket := fmt.Sprintf("/proc/%d/root%s", e.init.Process.Pid, containerdSocket)
	return e.await(ctx, "containerd", ended, func() bool { return listens(socket) })
}

// await waits until a daemon is ready, has ended, or has had a minute.
func (e *Engine) await(ctx context.Context, name string, ended chan error, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !ready() {
		select {
		case err := <-ended:
			return fmt.Errorf("%w: %s", err, e.lastWords(name))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w: %s", name, ctx.Err(), e.lastWords(name))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
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

// close ends process 1, and with it everything of the engine. It returns when the namespaces are gone.
func (e *Engine) close() error {
	if e.init == nil || e.init.Process == nil {
		return nil
	}
	e.Client.Close()
	e.life.Close()
	if err := e.init.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	e.init.Wait() // it was killed: the error says only that
	return nil
}
