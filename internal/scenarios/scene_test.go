package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// scene is one run of a scenario: an engine, a backend, and what the run has made there.
type scene struct {
	*testing.T
	bed     *testbed.Testbed
	suite   string
	profile profile
	backend string
	policy  string // path of the policy file, once one was applied
}

// must ends the run on an error.
func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// container runs a container until the end of the run.
func (s *scene) container(c testbed.Container) *testbed.Running {
	s.Helper()
	running, err := s.bed.Engine.RunContainer(s.Context(), c)
	s.must(err)
	s.Cleanup(func() { running.Remove(background) }) // many scenarios have removed it themselves
	// Its IPv6 address may have been another's a moment ago, with another MAC address that the host still remembers.
	_, err = s.bed.Host.Run(s.Context(), "ip", "-6", "neigh", "flush", "all")
	s.must(err)
	return running
}

// web runs a container that serves port 80 and is published as docker run -p would.
func (s *scene) web(name string, publish ...string) *testbed.Running {
	s.Helper()
	return s.container(testbed.Container{Name: name, Listen: []string{"80/tcp"}, Publish: publish})
}

// address is a container's IPv4 address on a network.
func (s *scene) address(c *testbed.Running, network string) string {
	s.Helper()
	ipv4, _, err := c.Address(s.Context(), network)
	s.must(err)
	return ipv4.String()
}

// network makes a Docker network until the end of the run.
func (s *scene) network(n testbed.Network) {
	s.Helper()
	s.must(s.bed.Engine.CreateNetwork(s.Context(), n))
	s.Cleanup(func() {
		if err := s.bed.Engine.RemoveNetwork(background, n.Name); err != nil {
			s.Error(err)
		}
	})
}

// serve runs a server on a machine of the testbed until the end of the run.
func (s *scene) serve(at *testbed.Station, name string, ports ...string) {
	s.Helper()
	server, err := at.Serve(name, ports...)
	s.must(err)
	s.Cleanup(func() { server.Close() })
}

// apply puts a policy in force, as an administrator does.
func (s *scene) apply(policy string) {
	s.Helper()
	if s.policy == "" {
		s.policy = filepath.Join(s.TempDir(), "policy.yaml")
		s.Cleanup(s.reset)
	}
	s.writePolicy(policy)
	s.succeed("apply", "--yes")
}

// writePolicy writes the scene's policy, and applies nothing.
func (s *scene) writePolicy(policy string) {
	s.Helper()
	s.must(os.WriteFile(s.policy, []byte("version: 1\n"+policy), 0o600))
}

// reset takes dockwall away.
func (s *scene) reset() {
	s.Helper()
	result, err := s.bed.Dockwall(background, lab.dockwall, "reset", "--yes", "--backend", s.backend)
	s.must(err)
	if result.Exit != 0 {
		s.Errorf("dockwall reset: exit %d\n%s%s", result.Exit, result.Stdout, result.Stderr)
	}
}

// succeed runs a verb of dockwall on the host with the scene's policy, and gives its output.
func (s *scene) succeed(args ...string) string {
	s.Helper()
	result := s.dockwall(args...)
	if result.Exit != 0 {
		s.Fatalf("dockwall %s: exit %d\n%s%s", strings.Join(args, " "), result.Exit, result.Stdout, result.Stderr)
	}
	return result.Stdout
}

// dockwall runs a verb as succeed does, however it ends.
func (s *scene) dockwall(args ...string) testbed.Result {
	s.Helper()
	result, err := s.bed.Dockwall(s.Context(), lab.dockwall, append(args, "--policy", s.policy, "--backend", s.backend)...)
	s.must(err)
	return result
}
