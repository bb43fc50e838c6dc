// Package story tells a packet's walk to people: in the words of Docker and of dockwall's policy, with the names of
// containers, docker-proxy's own connection, the line of the policy behind a rule, and what the client sees in the end.
//
// It has two halves. Ask turns what a person asks ("198.51.100.7 8123/tcp") into the packet that is followed, and Tell
// turns the walk into a Story. Neither decides anything about the packet: package walk does. Names and rules are text
// from elsewhere, and every view makes them printable.
package story

import (
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Scene is the host that a story plays on. Host says what Docker has there; without an engine it has no containers.
type Scene struct {
	Machine *netfilter.Machine
	Host    *host.Host
}
