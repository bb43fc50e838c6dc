package testbed

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/netlab"
)

//go:embed machine.sh
var machineScript string

// Machine is a Debian machine with Docker and with systemd as process 1, in namespaces of its own. It can be shut down and
// booted: its kernel is then empty, as far as networks go, and its disk is as it was. It stands on a link with a client.
type Machine struct {
	Client *Station // 203.0.113.20; the machine is 203.0.113.10 and 2001:db8::10, as soon as its networkd says so

	root   string
	record Record
	lock   *os.File
	layout *layout
	link   *netlab.Namespace
	here   *netlab.Namespace // the machine's network, while it runs
	pid    int               // of process 1; 0: the machine is off
	ended  chan error
}

// NewMachine makes a machine that is off. The caller closes it.
func NewMachine(ctx context.Context, suite string) (*Machine, error) {
	if err := Sweep(); err != nil {
		return nil, err
	}
	m := &Machine{record: Record{Name: fmt.Sprintf("m%08x", rand.Uint32()), Suite: suite}}
	var err error
	if m.lock, err = claim(m.record.Name); err == nil {
		err = m.build(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("machine %s: %w", m.record.Name, err), m.Close())
	}
	return m, nil
}

func (m *Machine) build(ctx context.Context) (err error) {
	if m.root, err = MachineRoot(ctx, m.record.Suite); err != nil {
		return err
	}
	loadModules(ctx)
	if err := m.buildLink(); err != nil {
		return err
	}
	for _, directory := range []string{"disk", "work", "root", "docker"} {
		if err := os.Mkdir(m.state(directory), 0o755); err != nil {
			return err
		}
	}
	return m.configure()
}

// The machine's address on the link is always the same, and the client knows it: no packet of the way up waits for an
// answer to who has the address.
const machineLink = "02:00:00:00:00:10"

func (m *Machine) buildLink() (err error) {
	m.layout = &layout{stations: map[string]*Station{}}
	if m.link, err = m.layout.add("link"); err != nil {
		return err
	}
	if err := m.link.Bridge("switch"); err != nil {
		return err
	}
	for _, neighbour := range machines {
		if neighbour.name == "neighbour" {
			err = m.layout.join(m.link, neighbour)
		}
	}
	if err != nil {
		return err
	}
	m.Client = m.layout.stations["neighbour"]
	for _, address := range []string{HostIPv4, HostIPv6} {
		if _, err := m.Client.Run(context.Background(), "ip", "neigh", "replace", address, "lladdr", machineLink,
			"nud", "permanent", "dev", "eth0"); err != nil {
			return err
		}
	}
	return nil
}

// configure writes what makes the machine this one: its name for itself, and its network, which it sets up itself.
func (m *Machine) configure() error {
	const network = "[Match]\nName=eno1\n[Network]\nAddress=" + HostIPv4 + "/24\nAddress=" + HostIPv6 +
		"/64\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
	for path, text := range map[string]string{
		"etc/machine-id":                   "6f0c1d2e3f405162738495a6b7c8d9e0\n",
		"etc/systemd/network/eno1.network": network,
	} {
		path = filepath.Join(m.state("disk"), path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	system := filepath.Join(m.state("disk"), "etc/systemd/system")
	wants := filepath.Join(system, "multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return err
	}
	return errors.Join(
		os.Symlink("/lib/systemd/system/systemd-networkd.service", filepath.Join(wants, "systemd-networkd.service")),
		os.Symlink("/dev/null", filepath.Join(system, "console-getty.service")))
}

// Boot starts the machine, and returns when its process 1 runs.
func (m *Machine) Boot() (err error) {
	if m.here, err = netlab.New(); err != nil {
		return err
	}
	if err := netlab.Connect(m.here, "eno1", m.link, "machine"); err != nil {
		return err
	}
	if _, err := m.here.Run(context.Background(), "", "ip", "link", "set", "eno1", "address", machineLink); err != nil {
		return err
	}
	if err := m.link.Enslave("machine", "switch"); err != nil {
		return err
	}
	if err := m.start(); err != nil {
		return fmt.Errorf("booting the machine: %w", err)
	}
	m.record.Process = m.pid
	_, m.record.Started = processState(m.pid)
	return writeRecord(m.record)
}

// start begins process 1 on a thread that lives as long as it: it ends with that thread, and so with this process.
func (m *Machine) start() error {
	console, err := os.Create(m.state("console"))
	if err != nil {
		return err
	}
	defer console.Close()
	cmd := exec.Command("/bin/sh", "-c", machineScript, "machine.sh", m.root, m.state(""), m.cgroup())
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL,
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC}
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := m.here.Enter()
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	m.pid, m.ended = cmd.Process.Pid, ended
	return nil
}

// Run runs a program inside, with the text as its standard input, and gives what it printed, whatever it was. It waits for
// a machine that is only just booting.
func (m *Machine) Run(ctx context.Context, input, name string, args ...string) (string, error) {
	cmd := m.Command(ctx, name, args...)
	cmd.Stdin = strings.NewReader(input)
	output, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, lastLines(output, 20))
	}
	return string(output), err
}

// Command is a program inside.
func (m *Machine) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--target", strconv.Itoa(m.pid), "--mount", "--pid", "--net",
		"--uts", "--ipc", "--cgroup", "--root", "--wd", "--", name}, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "NO_COLOR=1", "LC_ALL=C"}
	return cmd
}

// Await waits until a program inside succeeds, for a minute.
func (m *Machine) Await(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, err := m.Run(ctx, "", name, args...)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case err := <-m.ended:
			return fmt.Errorf("the machine ended (%v): %s", err, m.console())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Halt shuts the machine down, as its administrator does.
func (m *Machine) Halt(ctx context.Context) error {
	if _, err := m.Run(ctx, "", "systemctl", "poweroff"); err != nil {
		return err
	}
	select {
	case <-m.ended:
	case <-time.After(2 * time.Minute):
		return fmt.Errorf("the machine does not end: %s", m.console())
	}
	return m.off()
}

// Crash takes the machine's power away.
func (m *Machine) Crash() error {
	if err := unix.Kill(m.pid, unix.SIGKILL); err != nil {
		return err
	}
	<-m.ended
	return m.off()
}

// off pulls the cable, too: the kernel takes its time to let go of a namespace.
func (m *Machine) off() error {
	m.pid = 0
	_, err := m.link.Run(context.Background(), "", "ip", "link", "delete", "machine")
	err = errors.Join(err, m.here.Close())
	m.here = nil
	return err
}

// Close ends the machine and removes everything of it.
func (m *Machine) Close() error {
	if m.lock == nil {
		return nil
	}
	defer m.lock.Close()
	var errs []error
	if m.pid != 0 {
		errs = append(errs, m.Crash())
	} else if m.here != nil {
		errs = append(errs, m.here.Close())
	}
	if m.layout != nil {
		m.layout.close()
	}
	return errors.Join(append(errs, discard(m.record))...)
}

func (m *Machine) state(name string) string { return filepath.Join(stateDir, m.record.Name, name) }

func (m *Machine) console() string {
	text, err := os.ReadFile(m.state("console"))
	if err != nil {
		return err.Error()
	}
	return lastLines(text, 20)
}

// cgroup is the machine's own, in the hierarchy of the second version.
func (m *Machine) cgroup() string {
	for _, mount := range []string{"/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		if _, err := os.Stat(filepath.Join(mount, "cgroup.procs")); err == nil {
			return filepath.Join(mount, m.record.cgroup())
		}
	}
	return filepath.Join("/sys/fs/cgroup", m.record.cgroup())
}
