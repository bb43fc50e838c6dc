package packaging

import (
	"archive/tar"
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/testbed"
)

var whole = flag.Bool("machine.whole", false, "try upgrade, removal and the way back on the machine that boots, too (make machine)")

// patience is how long something may take on a busy machine before a test gives up.
const patience = time.Minute

// ports are dialled over both families.
const (
	refusedPort = "8080"
	allowedPort = "8081"
	allowed     = "version: 1\ningress: [allow 8081/tcp from any]\n"
)

// box is a machine with Docker, a container that publishes two ports and starts with Docker, and a client.
type box struct {
	*testing.T
	*testbed.Machine
}

func newBox(t *testing.T) *box {
	t.Helper()
	m, err := testbed.NewMachine(t.Context(), "bookworm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &box{t, m}
	b.boot()
	b.must(m.Await(t.Context(), "docker", "version"))
	b.runWith(image(t), "docker", "import", "--change", `ENTRYPOINT ["/dockwall-testserver"]`, "-", "testserver")
	b.run("docker", "run", "--detach", "--restart=always", "--name=web", "--publish=8080:80", "--publish=8081:81", "testserver", "web",
		"80/tcp", "81/tcp")
	b.soon(refusedPort, testbed.Open)
	b.soon(allowedPort, testbed.Open)
	return b
}

// image is the test server as docker import wants it.
func image(t *testing.T) string {
	t.Helper()
	path, err := testbed.Build(t.Context(), t.TempDir(), "dockwall-testserver")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: "dockwall-testserver", Mode: 0o755, Size: int64(len(binary))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(binary); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return layer.String()
}

// deb is this work tree's package for this machine's architecture.
func deb(t *testing.T, version string) string {
	t.Helper()
	out := t.TempDir()
	commit := strings.TrimSpace(run(t, "git", "-C", "..", "stash", "create"))
	if commit == "" {
		commit = "HEAD"
	}
	cmd := exec.CommandContext(t.Context(), "../scripts/package.sh", out)
	cmd.Env = append(os.Environ(), "ARCHS="+runtime.GOARCH, "KINDS=deb", "COMMIT="+commit, "VERSION="+version)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("package.sh: %v: %s", err, output)
	}
	found, err := filepath.Glob(filepath.Join(out, "*.deb"))
	if err != nil || len(found) != 1 {
		t.Fatalf("package.sh made %d packages: %v", len(found), err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (b *box) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *box) run(name string, args ...string) string {
	b.Helper()
	return b.runWith("", name, args...)
}

func (b *box) runWith(input, name string, args ...string) string {
	b.Helper()
	output, err := b.Machine.Run(b.Context(), input, name, args...)
	b.must(err)
	return output
}

// boot starts the machine. Its Docker is not there yet.
func (b *box) boot() {
	b.Helper()
	b.must(b.Boot())
}

// install installs the package. The units see the same start of the machine as everybody: a fresh /proc, which
// ProtectProc gives them, would be that of the machine around this one.
func (b *box) install(version string) {
	b.Helper()
	for _, unit := range []string{"dockwall", "dockwall-restore"} {
		b.runWith("[Service]\nProtectProc=default\n", "sh", "-c",
			"mkdir -p /etc/systemd/system/"+unit+".service.d && cat >/etc/systemd/system/"+unit+".service.d/proc.conf")
	}
	b.runWith(deb(b.T, version), "sh", "-c", "cat >/root/dockwall.deb && dpkg -i /root/dockwall.deb")
	if got := b.run("dockwall", "version"); !strings.Contains(got, version) {
		b.Fatalf("installed %s, and it is %s", version, got)
	}
}

// soon waits until a port is as wanted, over both families.
func (b *box) soon(port string, want testbed.Outcome) {
	b.Helper()
	for _, address := range addresses(port) {
		begun := time.Now()
		answer := b.Client.Dial(b.Context(), "tcp", address)
		for answer.Outcome != want {
			if time.Since(begun) > patience {
				output, _ := b.Machine.Run(context.Background(), "", "sh", "-c", "systemctl --failed; journalctl --no-pager -b -n 40; docker ps -a; ip addr")
				b.Fatalf("%s: %s, want %s\n%s", address, answer, want, output)
			}
			time.Sleep(5 * time.Millisecond)
			answer = b.Client.Dial(b.Context(), "tcp", address)
		}
	}
}

func addresses(port string) []string {
	return []string{testbed.HostIPv4 + ":" + port, "[" + testbed.HostIPv6 + "]:" + port}
}

// closed dials the refused port every 5 ms over both families while something happens, and a while longer: it must not
// connect.
func (b *box) closed(what string, do func()) {
	b.Helper()
	for i, got := range b.probed(do) {
		if len(got.Connects) > 0 {
			b.Errorf("%s: the refused port was open at %s: %s", what, addresses(refusedPort)[i], got)
		}
		b.Logf("%s: %s: %s", what, addresses(refusedPort)[i], got)
	}
}

func (b *box) probed(do func()) (results []testbed.ProbeResult) {
	b.Helper()
	var probes []*testbed.Probe
	for _, address := range addresses(refusedPort) {
		probe, err := b.Client.Probe(b.Context(), address, 5*time.Millisecond)
		b.must(err)
		probes = append(probes, probe)
	}
	do()
	time.Sleep(500 * time.Millisecond) // nothing is waited for: the probes are to have their chance
	for _, probe := range probes {
		got, err := probe.Stop()
		b.must(err)
		results = append(results, got)
	}
	return results
}

// up boots the machine until its allowed port is open and its guard has looked.
func (b *box) up() {
	b.Helper()
	b.boot()
	b.soon(allowedPort, testbed.Open)
	b.must(b.Await(b.Context(), "systemctl", "is-active", "dockwall.service"))
}

// A Debian machine with the package comes up closed: a client that dials a refused port from before the power button never
// connects, and an allowed one opens. Without the package the same client connects.
func TestMachineComesUpClosed(t *testing.T) {
	netlab.Need(t)
	b := newBox(t)
	if *whole {
		b.must(b.Halt(t.Context()))
		for i, got := range b.probed(func() { b.boot(); b.soon(refusedPort, testbed.Open) }) {
			if len(got.Connects) == 0 {
				t.Fatalf("without dockwall the port is open, and the probe of %s does not see it: %s", addresses(refusedPort)[i], got)
			}
		}
	}
	docker := b.rules()
	b.install("v1.0.0")
	b.soon(refusedPort, testbed.Open) // without a policy nothing is closed
	b.runWith(allowed, "sh", "-c", "cat >/etc/dockwall/policy.yaml")
	b.soon(refusedPort, testbed.Refused)
	b.soon(allowedPort, testbed.Open)
	b.must(b.Halt(t.Context()))
	b.closed("on the way up", b.up)
	b.ordered()
	if *whole {
		b.upgraded()
		b.wayBack()
		b.removed(docker)
	}
}

// ordered checks that the gate was there before the network and Docker began.
func (b *box) ordered() {
	b.Helper()
	restored := b.moment("dockwall-restore.service", "ActiveEnterTimestampMonotonic")
	for unit, property := range map[string]string{"network-pre.target": "ActiveEnterTimestampMonotonic",
		"systemd-networkd.service": "InactiveExitTimestampMonotonic", "docker.service": "InactiveExitTimestampMonotonic",
		"dockwall.service": "InactiveExitTimestampMonotonic"} {
		if at := b.moment(unit, property); restored == 0 || at < restored {
			b.Errorf("%s began at %d µs, before dockwall-restore.service was done, at %d µs", unit, at, restored)
		}
	}
	if said := b.run("journalctl", "--boot", "--no-pager", "--unit=dockwall-restore.service"); !strings.Contains(said, "put back entry 1 of the history") {
		b.Errorf("the restore said: %s", said)
	}
}

// moment is when something happened to a unit, in microseconds; 0: never.
func (b *box) moment(unit, property string) int {
	b.Helper()
	at, err := strconv.Atoi(strings.TrimSpace(b.run("systemctl", "show", "--value", "--property="+property, unit)))
	b.must(err)
	return at
}

// rules are those of all tools.
func (b *box) rules() string {
	b.Helper()
	return b.run("sh", "-c", "iptables-save | grep -v '^#' | sed 's/\\[.*\\]//'; ip6tables-save | grep -v '^#' | sed 's/\\[.*\\]//'")
}
