package iptables

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
)

// counted is both iptables-save's filter tables with counters.
func (m *machine) counted() string {
	m.Helper()
	text := ""
	for _, f := range families {
		m.must(m.in(func(ctx context.Context) error {
			out, err := m.backend.tools.save(ctx, f)
			for line := range strings.Lines(out) {
				if !strings.HasPrefix(line, "#") {
					text += line
				}
			}
			return err
		}))
	}
	return text
}

// apply runs a change and returns its error.
func (m *machine) apply(c backend.Change) error {
	return m.in(func(ctx context.Context) error { return m.backend.Apply(ctx, c) })
}

// count makes the first rule of each leaf of IPv4 look as if packets had met it.
func (m *machine) count() {
	m.Helper()
	text := "*filter\n"
	for line := range strings.Lines(m.save()) {
		w := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(w) == 3 && w[0] == "-A" && strings.HasPrefix(w[1], "DOCKWALL-i-") && !strings.Contains(text, w[1]) {
			text += "-R " + w[1] + " 1 -c 7 700 " + w[2] + "\n"
		}
	}
	_, err := m.space.Run(context.Background(), text+"COMMIT\n", "iptables-"+m.variant+"-restore", "--noflush")
	m.must(err)
	contains(m.T, m.counted(), "[7:700] -A DOCKWALL-i-")
}

// If IPv6's transaction is refused, IPv4's is put back with its counters, and no set stays behind.
func TestIPv6Refused(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.restore("iptables", others)
		m.install(webGate("192.0.2.0/24"))
		m.count()
		change := m.plan(sample())
		change.Text = strings.Replace(change.Text, IPv6Header+"\n*filter\n", IPv6Header+"\n*filter\n-D OUTPUT -j DROP\n", 1)
		before := m.counted()
		err := m.apply(change)
		var refused *backend.RefusedError
		if !errors.As(err, &refused) {
			m.Fatalf("the error is %v, want a RefusedError", err)
		}
		contains(m.T, err.Error(), "IPv4's were put back", "-D OUTPUT -j DROP")
		equal(m.T, "the host after the refusal", before, m.counted())
		equal(m.T, "the list of sets", "", m.sets())
	})
}

func (m *machine) sets() string {
	m.Helper()
	sets, err := m.space.Run(context.Background(), "", "ipset", "list", "-name")
	m.must(err)
	return sets
}

// If IPv4's transaction is refused, nothing is changed, and the error has the line.
func TestIPv4Refused(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		change := m.plan(sample())
		m.restore("iptables", "*filter\n-F FORWARD\n-X DOCKER-USER\nCOMMIT\n")
		before := m.all()
		err := m.apply(change)
		var refused *backend.RefusedError
		if !errors.As(err, &refused) || refused.Line != "-I DOCKER-USER -j DOCKWALL-FORWARD" {
			m.Errorf("the error is %#v, want a RefusedError with the line that inserts the jump", err)
		}
		equal(m.T, "the host after the refusal", before, m.all())
	})
}

// If a set cannot be made, those before it are destroyed again, and no rule is touched.
func TestSetRefused(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		change := m.plan(sample())
		change.Text = strings.Replace(change.Text, "add dockwall-rules6", "add dockwall-rules6-nowhere", 1)
		before := m.all()
		err := m.apply(change)
		var refused *backend.RefusedError
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Line, "add dockwall-rules6-nowhere") {
			m.Errorf("the error is %#v, want a RefusedError with the line of the set", err)
		}
		equal(m.T, "the host after the refusal", before, m.all())
	})
}

// A rule of others that uses a set of ours keeps the set, and the error says so; the new rules are in force.
func TestSetInUse(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.install(sample())
		set := m.names().Replace("SET")
		m.restore("iptables", "*filter\n-A FORWARD -m set --match-set "+set+" src -j ACCEPT\nCOMMIT\n")
		err := m.apply(m.plan(webGate("192.0.2.0/24")))
		if err == nil {
			m.Fatal("a set in use was destroyed")
		}
		contains(m.T, err.Error(), "the new rules are in force", set)
		contains(m.T, m.save(), "3 allow 80/tcp from office")
		err = m.in(m.backend.Remove)
		if err == nil {
			m.Fatal("a set in use was destroyed")
		}
		contains(m.T, err.Error(), "all rules were removed", set)
		equal(m.T, "the sets left", set+"\n", m.sets())
	})
}

// Where nft put something into iptables' table, iptables-save prints nothing and reports success. That is not taken for
// an empty host.
func TestForeignObjectsInTheTable(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		if m.variant != "nft" {
			return // the legacy variant has no table in nf_tables
		}
		m.docker()
		m.install(sample())
		_, err := m.space.Run(context.Background(), "", "nft", "add rule ip filter FORWARD ct mark set 5")
		m.must(err)
		before := m.nftables()
		for what, do := range map[string]func(context.Context) error{
			"Read":   func(ctx context.Context) error { _, err := m.backend.Read(ctx); return err },
			"Remove": m.backend.Remove,
			"Apply": func(ctx context.Context) error {
				c, err := New(Options{Variant: "nft"}).Change(webGate(""), nil)
				m.must(err)
				return m.backend.Apply(ctx, c)
			},
		} {
			err := m.in(do)
			if err == nil {
				m.Fatalf("%s: a table that cannot be read is taken for an empty one", what)
			}
			contains(m.T, err.Error(), "iptables cannot read its table filter", "nft -a list table ip filter")
		}
		equal(m.T, "the host", before, m.nftables())
	})
}

func (m *machine) nftables() string {
	m.Helper()
	text, err := m.space.Run(context.Background(), "", "nft", "-s", "list", "ruleset")
	m.must(err)
	return text
}

// Rehearse finds rules that do not come to be.
func TestRehearseFindsWhatIsLost(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		bin := m.TempDir()
		tool := "iptables-" + m.variant + "-restore"
		script := "#!/bin/sh\ngrep -v 8123/tcp | exec /usr/sbin/" + tool + " \"$@\"\n"
		m.must(os.WriteFile(filepath.Join(bin, tool), []byte(script), 0o755))
		m.Setenv("PATH", bin+":"+os.Getenv("PATH"))
		err := m.in(func(ctx context.Context) error { return m.backend.Rehearse(ctx, sample()) })
		if err == nil {
			m.Fatal("a lost rule was not missed")
		}
		contains(m.T, err.Error(), "iptables did not keep what it was given", "rules in place of")
	})
}

// Rehearsing touches nothing on the host.
func TestRehearseIsElsewhere(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		before := m.all()
		m.must(m.in(func(ctx context.Context) error { return m.backend.Rehearse(ctx, sample()) }))
		equal(m.T, "the host", before, m.all())
	})
}

// Missing programs are named with the package that has them.
func TestMissingTools(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		change := m.plan(sample())
		bin := m.TempDir()
		m.Setenv("PATH", bin)
		want := func(tool, pkg string, err error) {
			m.Helper()
			var missing *backend.MissingToolError
			if !errors.As(err, &missing) || missing.Tool != tool || missing.Package != pkg {
				m.Errorf("the error is %v, want that %s of package %s is missing", err, tool, pkg)
			}
		}
		want("iptables-"+m.variant+"-save", "iptables", m.in(m.backend.Remove))
		for _, tool := range []string{"iptables", "ip6tables"} {
			for _, action := range []string{"save", "restore"} {
				name := tool + "-" + m.variant + "-" + action
				m.must(os.Symlink("/usr/sbin/"+name, filepath.Join(bin, name)))
			}
		}
		want("ipset", "ipset", m.apply(change))
		if installed := m.read(); installed != nil {
			m.Errorf("without ipset, Read finds %+v", installed)
		}
	})
}

// The plain names serve where they are of the right variant, and only there.
func TestPlainNames(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		bin := m.TempDir()
		for _, tool := range []string{"iptables", "ip6tables"} {
			for _, action := range []string{"save", "restore"} {
				m.must(os.Symlink("/usr/sbin/"+tool+"-"+m.variant+"-"+action, filepath.Join(bin, tool+"-"+action)))
			}
		}
		m.must(os.Symlink("/usr/sbin/ipset", filepath.Join(bin, "ipset")))
		m.docker()
		m.Setenv("PATH", bin)
		change := m.plan(sample())
		m.must(m.apply(change))
		other := tools{map[string]string{"nft": "legacy", "legacy": "nft"}[m.variant]}
		var missing *backend.MissingToolError
		if tool, err := other.find(context.Background(), "iptables", "restore"); !errors.As(err, &missing) {
			m.Errorf("%s was taken for the other variant: %v", tool, err)
		}
		m.backend.tools.variant = "" // whatever there is
		if c := m.plan(sample()); !c.Empty() {
			m.Errorf("without a variant, the plain programs find something to do:\n%s", c.Text)
		}
	})
}

// What the programs say becomes a RefusedError with the line it is about. The messages are real ones.
func TestRefusedLines(t *testing.T) {
	input := "*filter\n:FOO - [0:0]\n-A FOO -j NONE\nCOMMIT\n"
	for _, c := range []struct{ said, line string }{
		{"iptables-restore: line 3 failed\n", "-A FOO -j NONE"},
		{"iptables-nft-restore: line 3 failed: No chain/target/match by that name.\n", "-A FOO -j NONE"},
		{"iptables-nft-restore v1.8.9 (nf_tables): \nline 3: RULE_APPEND failed (Too many links)\n", "-A FOO -j NONE"},
		{"iptables-restore v1.8.9 (legacy): Set x doesn't exist.\n\nError occurred at line: 3\nTry `x'\n", "-A FOO -j NONE"},
		{"ipset v7.17: Error in line 2: Syntax error: typename 'x' is unknown\n", ":FOO - [0:0]"},
		{"iptables-restore: line 4 failed\n", ""}, // the COMMIT
		{"something else\n", ""},
	} {
		var refused *backend.RefusedError
		err := refusal("iptables-restore", input, c.said, errors.New("exit status 1"))
		if !errors.As(err, &refused) || refused.Line != c.line || strings.Contains(refused.Message, "Try") {
			t.Errorf("%q became %#v, want the line %q", c.said, err, c.line)
		}
		if strings.Contains(c.said, "line 4") {
			contains(t, err.Error(), "does not say which", "xt_set")
		}
	}
}

// Where not the rules are the trouble, what the programs say becomes a sentence for the person who must act.
func TestReasons(t *testing.T) {
	for _, c := range []struct{ said, want string }{
		{"iptables-nft-restore: Could not fetch rule set generation id: Permission denied (you must be root)\n", "root"},
		{"Fatal: can't open lock file /run/xtables.lock: Permission denied\n", "root"},
		{"ipset v7.17: Kernel error received: Operation not permitted\n", "root"},
		{"Another app is currently holding the xtables lock; still 0s 0us time ahead\n", "another program"},
		{"ipset v7.17: Cannot open session to kernel.\n", "no ip_set"},
		{"Warning: Extension set revision 0 not supported, missing kernel module?\n", "xt_set"},
	} {
		err := refusal("iptables-restore", "", c.said, errors.New("exit status 1"))
		var refused *backend.RefusedError
		if errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q became %q, want a sentence with %q", c.said, err, c.want)
		}
	}
}

// A context that ends is why a program was ended.
func TestContextEnds(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errors.New("the user gave up"))
		err := m.space.Do(func() error { _, err := m.backend.Read(ctx); return err })
		if err == nil || !strings.Contains(err.Error(), "the user gave up") {
			m.Errorf("Read with an ended context: %v", err)
		}
	})
}

// A reading of the other backend is refused.
func TestForeignReading(t *testing.T) {
	_, err := New(Options{}).Change(&gate.Gate{}, &backend.Installed{Raw: "nftables"})
	if err == nil {
		t.Error("a reading of another backend was compared")
	}
}
