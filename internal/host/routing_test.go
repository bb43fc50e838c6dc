package host

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dockwall/dockwall/internal/netlab"
)

func routingIn(t *testing.T, n *netlab.Namespace) (r *Routing) {
	t.Helper()
	err := n.Do(func() (err error) {
		r, err = readRouting()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A fresh network namespace has the usual rules and nothing else, in the kernel as in a recording.
func TestPlainRouting(t *testing.T) {
	netlab.Need(t)
	if r := routingIn(t, lab(t)); len(r.Rules) != 5 || len(r.Routes) != 1 {
		t.Errorf("routing %+v, want 5 rules and the lab's unreachable route", r)
	}
	if r := routingIn(t, namespace(t)); !r.Plain() {
		t.Errorf("routing %+v, want a plain one", r)
	}
	for _, name := range recordings {
		r, err := recordedRouting(filepath.Join("testdata", "hosts", name))
		if err != nil || r == nil || !r.Plain() || len(r.Rules) != 5 {
			t.Errorf("%s: %+v, %v, want a plain routing", name, r, err)
		}
	}
}

// Rules as Tailscale and wg-quick make them, and routes of their tables.
func TestRoutingOfTunnels(t *testing.T) {
	netlab.Need(t)
	n := lab(t)
	for _, command := range []string{
		"rule add pref 5210 fwmark 0x80000/0xff0000 lookup main",
		"rule add pref 5250 fwmark 0x80000/0xff0000 type unreachable",
		"rule add pref 5270 lookup 52",
		"-6 rule add pref 5270 from 2001:db8::/32 iif eno1 lookup 52",
		"rule add pref 9 not to 10.9.0.0/16 oif eno1 lookup 51820",
		"rule add pref 10 lookup main suppress_prefixlength 0",
		"route add 100.64.0.7 dev eno1 table 52 metric 7",
		"route add throw 127.0.0.0/8 table 52",
		"-6 route add blackhole 2001:db8:bad::/48",
	} {
		if _, err := n.Run(t.Context(), "", "ip", strings.Fields(command)...); err != nil {
			t.Fatal(err)
		}
	}
	got := routingIn(t, n)
	prefix := netip.MustParsePrefix
	want := &Routing{
		Rules: []RoutingRule{
			{Priority: 0, Table: 255},
			{Priority: 9, Destination: prefix("10.9.0.0/16"), Out: "eno1", Invert: true, Table: 51820},
			{Priority: 10, Table: 254, More: "suppress_prefixlength 0"},
			{Priority: 5210, Mark: 0x80000, Mask: 0xff0000, Table: 254},
			{Priority: 5250, Mark: 0x80000, Mask: 0xff0000, Action: "unreachable"},
			{Priority: 5270, Table: 52},
			{Priority: 32766, Table: 254},
			{Priority: 32767, Table: 253},
			{IPv6: true, Priority: 0, Table: 255},
			{IPv6: true, Priority: 5270, Source: prefix("2001:db8::/32"), In: "eno1", Table: 52},
			{IPv6: true, Priority: 32766, Table: 254},
		},
		Routes: []TableRoute{
			{Route{Destination: prefix("100.64.0.7/32"), Interface: "eno1", Metric: 7}, 52, "unicast"},
			{Route{Destination: prefix("127.0.0.0/8")}, 52, "throw"},
			{Route{Destination: prefix("10.3.0.0/16")}, 254, "unreachable"},
			{Route{Destination: prefix("2001:db8:bad::/48"), Interface: "lo", Metric: 1024}, 254, "blackhole"},
		},
	}
	equal := cmp.Options{cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("routing (-want +got):\n%s", diff)
	}
	if got.Plain() {
		t.Error("it is taken for a plain routing")
	}
}

// What `ip -j rule` prints of the same rules.
func TestRecordedRules(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"rules6.json": `[]`, "rules4.json": `[{"priority":5210,"src":"all","fwmark":"0x80000","fwmask":"0xff0000","table":"main"},
		{"not":null,"priority":9,"src":"all","dst":"10.9.0.0","dstlen":16,"oif":"eno1","table":"51820"},
		{"priority":10,"src":"10.0.0.1","table":"main","suppress_prefixlength":0},
		{"priority":11,"src":"all","action":"unreachable"}]`}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := recordedRouting(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []RoutingRule{
		{Priority: 5210, Mark: 0x80000, Mask: 0xff0000, Table: 254},
		{Priority: 9, Destination: netip.MustParsePrefix("10.9.0.0/16"), Out: "eno1", Invert: true, Table: 51820},
		{Priority: 10, Source: netip.MustParsePrefix("10.0.0.1/32"), Table: 254, More: "suppress_prefixlength"},
		{Priority: 11, Action: "unreachable"},
	}
	if diff := cmp.Diff(want, got.Rules, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}
