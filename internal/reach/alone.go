package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// interfaceClasses numbers the interfaces that a chain's rules tell apart.
type interfaceClasses struct{ names []string }

// where are the packets whose interface a test names.
func (c *interfaceClasses) where(s *packetset.Space, t netfilter.InterfaceTest) packetset.Set {
	var fit []uint64
	for i, name := range c.names {
		if fitsAny(t.Names, name) != t.Negate {
			fit = append(fit, uint64(i))
		}
	}
	return s.Where(t.Field, netfilter.AllOnes, numbers(fit...))
}
