package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netlab"
)

func iptablesIn(t *testing.T, n *netlab.Namespace) (variant string) {
	t.Helper()
	if err := n.Do(func() error { variant = dockersIptables(context.Background()); return nil }); err != nil {
		t.Fatal(err)
	}
	return variant
}

func run(t *testing.T, n *netlab.Namespace, name string, args ...string) string {
	t.Helper()
	out, err := n.Run(t.Context(), "", name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Which iptables carries Docker's chains is seen in either of its tables, and looking makes no table.
func TestDockersIptables(t *testing.T) {
	netlab.Need(t)
	for _, test := range []struct {
		name, want string
		commands   []string
	}{
		{"none", "", nil},
		{"foreign", "", []string{"iptables-nft -N DOCKER-USER", "iptables-legacy -N MINE"}},
		{"nft", "nft", []string{"iptables-nft -t nat -N DOCKER"}},
		{"legacy", "legacy", []string{"iptables-legacy -N DOCKER"}},
		{"nft beside foreign legacy", "nft", []string{"iptables-nft -N DOCKER", "iptables-legacy -A INPUT -j ACCEPT"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := namespace(t)
			for _, command := range test.commands {
				words := strings.Fields(command)
				run(t, n, words[0], words[1:]...)
			}
			before := run(t, n, "nft", "list", "tables") + legacyTables(t, n)
			if got := iptablesIn(t, n); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if after := run(t, n, "nft", "list", "tables") + legacyTables(t, n); after != before {
				t.Errorf("looking changed the tables from %q to %q", before, after)
			}
		})
	}
}

func legacyTables(t *testing.T, n *netlab.Namespace) (names string) {
	t.Helper()
	_ = n.Do(func() error {
		data, _ := os.ReadFile(procNet + "ip_tables_names") // not there: no table
		names = string(data)
		return nil
	})
	return names
}

// Where both iptables carry Docker's chains, the plain one decides. Here it is a stand-in of either kind.
func TestDockersIptablesBoth(t *testing.T) {
	netlab.Need(t)
	n := namespace(t)
	run(t, n, "iptables-nft", "-N", "DOCKER")
	run(t, n, "iptables-legacy", "-N", "DOCKER")
	for _, variant := range []string{"nft", "legacy"} {
		tool, err := lookTool("iptables-" + variant + "-save")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "iptables-save"), []byte("#!/bin/sh\nexec "+tool+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
		if got := iptablesIn(t, n); got != variant {
			t.Errorf("plain iptables is %s: got %q", variant, got)
		}
	}
}

func TestToolsMissing(t *testing.T) {
	if _, err := output(t.Context(), "dockwall-no-such-tool"); err == nil || err.Error() != "not installed" {
		t.Errorf("a missing tool gives %v", err)
	}
	if got := saved(t.Context(), "dockwall-no-such-tool"); got != "" {
		t.Errorf("a missing tool prints %q", got)
	}
	if _, err := output(t.Context(), "sh", "-c", "echo what is wrong >&2; exit 3"); err == nil ||
		!strings.Contains(err.Error(), "what is wrong") {
		t.Errorf("a failing tool gives %v", err)
	}
}

func TestUnreadTables(t *testing.T) {
	const nft = "table ip filter {\n}\ntable ip nat {\n}\ntable ip6 raw {\n}\ntable inet filter {\n}\n"
	for save, want := range map[string]string{
		"# Generated\n*filter\nCOMMIT\n*nat\nCOMMIT\n":                                                        "",
		"# Generated\n*nat\nCOMMIT\n":                                                                         "filter",
		"# Table `filter' is incompatible, use 'nft' tool.\n*nat\n":                                           "filter",
		"# Table `filter' contains incompatible base-chains, use 'nft' tool to list them.\n\n*filter\n*nat\n": "filter",
		"": "filter nat",
	} {
		if got := strings.Join(unreadTables(nft, "ip", save), " "); got != want {
			t.Errorf("%q: unread %q, want %q", save, got, want)
		}
	}
}
