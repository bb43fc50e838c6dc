package verify

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// IsDockwalls tells whether a chain is one that dockwall installs, by either backend.
func IsDockwalls(c *netfilter.Chain) bool {
	if c.Table.Origin == netfilter.Native {
		return c.Table.Family == netfilter.Inet && c.Table.Name == "dockwall"
	}
	return strings.HasPrefix(c.Name, "DOCKWALL-")
}
