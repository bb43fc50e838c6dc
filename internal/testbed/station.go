package testbed

import (
	"context"
	"fmt"

	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/testbed/testserver"
)

// Station is a place to dial from and to listen at: a machine of the testbed, or a container.
type Station struct {
	Name      string
	namespace *netlab.Namespace
}

// Do calls f on a thread inside the station's network namespace.
func (s *Station) Do(f func() error) error { return s.namespace.Do(f) }

// Run runs a program of this machine inside the station's network namespace and gives what it printed.
func (s *Station) Run(ctx context.Context, name string, args ...string) (string, error) {
	return s.namespace.Run(ctx, "", name, args...)
}

// Serve runs a test server at the station that says it is name. The caller closes it.
func (s *Station) Serve(name string, ports ...string) (*testserver.Server, error) {
	var server *testserver.Server
	err := s.Do(func() (err error) {
		server, err = testserver.Listen(name, ports...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return server, nil
}

// Path is where other processes find the station's network namespace while this process lives.
func (s *Station) Path() string { return s.namespace.Path() }
