package whose

import (
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Programs are known by their chains; DOCKER-USER is nobody's but the host's owner's.
func TestChain(t *testing.T) {
	for _, test := range []struct {
		origin      netfilter.Origin
		table, name string
		want        string
	}{
		{netfilter.XtablesNFT, "filter", "DOCKER-USER", ""},
		{netfilter.XtablesNFT, "filter", "DOCKER-FORWARD", "Docker"},
		{netfilter.XtablesLegacy, "filter", "ts-forward", "Tailscale"},
		{netfilter.XtablesNFT, "filter", "ufw6-before-input", "ufw"},
		{netfilter.XtablesNFT, "filter", "DOCKWALL-INPUT", Dockwall},
		{netfilter.Native, "dockwall", "forward", Dockwall},
		{netfilter.XtablesNFT, "filter", "FORWARD", ""},
		{netfilter.Native, "firewalld", "filter_FORWARD", "firewalld"},
		{netfilter.Native, "docker-bridges", "filter-FORWARD", "Docker"},
		{netfilter.Native, "mine", "forward", ""},
	} {
		c := &netfilter.Chain{Table: &netfilter.Table{Origin: test.origin, Name: test.table}, Name: test.name}
		if got := Chain(c); got != test.want {
			t.Errorf("%s %s %s: %q, want %q", test.origin, test.table, test.name, got, test.want)
		}
	}
}
