package netlab

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// The lab's namespaces are apart from the machine's own, joined only by what Connect made, and usable by path.
func TestTwoNamespacesTalk(t *testing.T) {
	Need(t)
	a, b := mustNew(t), mustNew(t)
	must(t, Connect(a, "left", b, "right"))
	must(t, a.Address("left", "10.9.0.1/24", "fd09::1/64"))
	must(t, b.Address("right", "10.9.0.2/24", "fd09::2/64"))
	must(t, b.Route(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("10.9.0.1")))
	links, err := a.Run(context.Background(), "", "ip", "-o", "link")
	must(t, err)
	if !strings.Contains(links, "left") || strings.Count(links, "\n") != 2 {
		t.Errorf("namespace a has these links, want lo and left only:\n%s", links)
	}
	routes, err := b.Run(context.Background(), "", "ip", "route", "get", "198.51.100.1")
	must(t, err)
	if !strings.Contains(routes, "via 10.9.0.1 dev right") {
		t.Errorf("route: %s", routes)
	}
	if _, err := os.Stat(a.Path()); err != nil {
		t.Error(err)
	}
}

func mustNew(t *testing.T) *Namespace {
	t.Helper()
	n, err := New()
	must(t, err)
	t.Cleanup(func() { n.Close() })
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
