package scenarios

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/testbed"
)

// profile is a way to run an engine.
type profile struct {
	name   string
	legacy bool
	flags  []string
}

var (
	plain = profile{name: "plain"} // as Debian ships it: iptables-nft, docker-proxy, containers without IPv6
	bare  = profile{name: "bare", legacy: true, flags: []string{"--userland-proxy=false"}}
	dual  = profile{name: "dual", flags: []string{
		"--experimental", "--ip6tables", "--ipv6", "--fixed-cidr-v6=fd17::/64"}}
)

// laboratory has the binaries under test and the engines that tests share.
type laboratory struct {
	dockwall string
	server   string

	mu   sync.Mutex
	beds map[string]*sharedBed
}

// sharedBed is an engine that tests take turns with.
type sharedBed struct {
	turn sync.Mutex
	bed  *testbed.Testbed
}

var lab = laboratory{beds: map[string]*sharedBed{}}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	if os.Geteuid() != 0 {
		return m.Run() // every test skips, and says why
	}
	directory, err := os.MkdirTemp("", "dockwall-scenarios-")
	if err == nil {
		defer os.RemoveAll(directory)
		err = lab.build(directory)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Tests wait for their turn at an engine and for clients' patience more than they compute.
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := lab.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func (l *laboratory) build(directory string) error {
	var err error
	if l.dockwall, err = testbed.Build(context.Background(), directory, "dockwall"); err != nil {
		return err
	}
	l.server, err = testbed.Build(context.Background(), directory, "dockwall-testserver")
	return err
}

func (l *laboratory) close() error {
	for _, shared := range l.beds {
		if shared.bed == nil {
			continue
		}
		if err := shared.bed.Close(); err != nil {
			return err
		}
	}
	return nil
}

// suites are the engines to test with.
func suites() []string {
	if list := os.Getenv("DOCKWALL_ENGINES"); list != "" {
		return strings.Split(list, ",")
	}
	return testbed.Suites[:2]
}

func (l *laboratory) shared(key string) *sharedBed {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.beds[key] == nil {
		l.beds[key] = &sharedBed{}
	}
	return l.beds[key]
}

// borrow waits for the turn at the shared engine, and makes it where this is the first test to want it.
func (l *laboratory) borrow(t *testing.T, suite, backend string, p profile) *testbed.Testbed {
	t.Helper()
	shared := l.shared(suite + "/" + backend + "/" + p.name)
	shared.turn.Lock()
	t.Cleanup(shared.turn.Unlock)
	if shared.bed == nil {
		shared.bed = l.make(t, suite, p)
	}
	return shared.bed
}

// own makes an engine for one test that spoils it.
func (l *laboratory) own(t *testing.T, suite string, p profile) *testbed.Testbed {
	t.Helper()
	bed := l.make(t, suite, p)
	t.Cleanup(func() {
		if err := bed.Close(); err != nil {
			t.Error(err)
		}
	})
	return bed
}

func (l *laboratory) make(t *testing.T, suite string, p profile) *testbed.Testbed {
	t.Helper()
	bed, err := testbed.New(context.Background(), testbed.Options{
		Server: l.server, Engine: testbed.EngineOptions{Suite: suite, Legacy: p.legacy, Flags: p.flags}})
	if err != nil {
		t.Fatal(err)
	}
	return bed
}

// everywhere runs a scenario with every engine and both backends, each on its shared engine of the profile.
func everywhere(t *testing.T, p profile, scenario func(s *scene)) {
	t.Helper()
	onEach(t, func(t *testing.T, suite, backend string) {
		bed := lab.borrow(t, suite, backend, p)
		scenario(&scene{T: t, bed: bed, suite: suite, profile: p, backend: backend})
	})
}

// apart is everywhere, with an engine of its own for every run.
func apart(t *testing.T, p profile, scenario func(s *scene)) {
	t.Helper()
	onEach(t, func(t *testing.T, suite, backend string) {
		scenario(&scene{T: t, bed: lab.own(t, suite, p), suite: suite, profile: p, backend: backend})
	})
}

func onEach(t *testing.T, run func(t *testing.T, suite, backend string)) {
	t.Helper()
	netlab.Need(t)
	t.Parallel()
	for _, suite := range suites() {
		for _, backend := range []string{"nftables", "iptables"} {
			t.Run(suite+"/"+backend, func(t *testing.T) {
				t.Parallel()
				run(t, suite, backend)
			})
		}
	}
}
