package iptables

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
)

// The signpost is DOCKER-USER's first rule, in both families, once; without it everything is as before.
func TestSignpost(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.restore("iptables", others)
		before := m.all()
		m.sign(true)
		if n := strings.Count(m.save(), ":DOCKER-USER - [0:0]"); n != 2 {
			m.Fatalf("there are %d DOCKER-USER, want 2", n)
		}
		if n := strings.Count(m.save(), "dockwall status\""); n != 2 {
			m.Errorf("there are %d signposts, want 2:\n%s", n, m.save())
		}
		contains(m.T, m.save(), sign.text()+"\n-A DOCKER-USER -s 198.51.100.9/32")
		m.sign(true)
		if n := strings.Count(m.save(), "dockwall status\""); n != 2 {
			m.Errorf("installed again, there are %d signposts, want 2:\n%s", n, m.save())
		}
		m.must(m.in(Signpost{}.Remove))
		equal(m.T, "the host after the signpost", before, m.all())
		m.must(m.in(Signpost{}.Remove))
	})
}

// sign installs the signpost; it must stand, or not, afterwards.
func (m *machine) sign(stands bool) {
	m.Helper()
	h := &host.Host{Iptables: m.variant}
	m.must(m.in(func(ctx context.Context) error { return Signpost{}.Install(ctx, h) }))
	m.must(m.in(func(ctx context.Context) error {
		is, err := Signpost{}.Stands(ctx, h)
		if is != stands {
			m.Errorf("the signpost stands: %v, want %v", is, stands)
		}
		return err
	}))
}

// An old text is replaced, also where somebody doubled it.
func TestSignpostIsReplaced(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		old := "-A DOCKER-USER -m comment --comment \"" + signText + " of another version\"\n"
		m.restore("iptables", "*filter\n"+old+old+"COMMIT\n")
		m.sign(true)
		if n := strings.Count(m.save(), signText); n != 2 || strings.Contains(m.save(), "another version") {
			m.Errorf("the old signposts stay:\n%s", m.save())
		}
	})
}

// Where there is no DOCKER-USER or no iptables, nothing is made, and that is no error.
func TestSignpostNowhere(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		before := m.all()
		m.sign(false)
		m.must(m.in(Signpost{}.Remove))
		equal(m.T, "the host without DOCKER-USER", before, m.all())
		m.must(m.in(func(ctx context.Context) error { return Signpost{}.Install(ctx, &host.Host{}) }))
		m.restore("iptables", stubs)
		m.sign(true)
		contains(m.T, m.save(), signText)
		m.Setenv("PATH", filepath.Join(m.TempDir(), "empty"))
		m.must(m.in(Signpost{}.Remove))
	})
}

// The signpost is none of our jumps or chains: the backend does not see it.
func TestSignpostIsNoRule(t *testing.T) {
	onEachVariant(t, func(m *machine) {
		m.docker()
		m.sign(true)
		if i := m.read(); i != nil {
			m.Errorf("the signpost reads as %+v", i)
		}
		m.install(sample())
		contains(m.T, m.save(), "-A DOCKER-USER -j DOCKWALL-FORWARD\n-A DOCKER-USER -m comment --comment \""+signText)
	})
}
