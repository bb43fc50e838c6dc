package scenarios

import (
	"flag"
	"fmt"
	"os"
	"strings"
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
	if err := quietly(directory); err != nil {
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

// suites are the engines to test with.
func suites() []string {
	if list := os.Getenv("DOCKWALL_ENGINES"); list != "" {
		return strings.Split(list, ",")
	}
	return testbed.Suites[:2]
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
