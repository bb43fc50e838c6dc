package enforce

import (
	"context"
	"errors"
	"fmt"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/host"
)

// Holding is a backend together with what it has installed.
type Holding struct {
	Backend   backend.Backend
	Installed *backend.Installed
}

// choose is the backend to use, among the machine's, and the others. The command line's word counts before the
// policy's; where neither says, it is nftables wherever that works.
func (e *Enforcer) choose(ctx context.Context, wanted string, h *host.Host) (
	chosen backend.Backend, others []backend.Backend) {
	name := IPTables
	switch {
	case e.Backend != "" && e.Backend != Auto:
		name = e.Backend
	case wanted != "" && wanted != Auto:
		name = wanted
	case e.Machine.HasNFTables(ctx):
		name = NFTables
	}
	for _, b := range e.Machine.Backends(h) {
		if chosen == nil && b.Name() == name {
			chosen = b
			continue
		}
		others = append(others, b)
	}
	return chosen, others
}

// holdings are those of the backends that have something installed. One whose tools are missing has nothing that it
// could say or remove; one that the kernel knows nothing of has nothing at all.
func holdings(ctx context.Context, backends []backend.Backend) ([]Holding, error) {
	var found []Holding
	for _, b := range backends {
		installed, err := b.Read(ctx)
		var missing *backend.MissingToolError
		if errors.As(err, &missing) || errors.Is(err, backend.ErrNoNFTables) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("what the %s backend has installed cannot be read: %w", b.Name(), err)
		}
		if installed != nil {
			found = append(found, Holding{b, installed})
		}
	}
	return found, nil
}

// obsolete are the holdings that go when the chosen backend is in force. The variants of iptables share their sets, so
// one of them seems to have something installed while only the other has.
func obsolete(found []Holding, chosen backend.Backend) []Holding {
	names := map[string]bool{chosen.Name(): true}
	var rest []Holding
	for _, h := range found {
		if !h.Installed.Guards() && names[h.Backend.Name()] {
			continue
		}
		names[h.Backend.Name()] = true
		rest = append(rest, h)
	}
	return rest
}
