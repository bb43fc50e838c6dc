package nftables

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestRender(t *testing.T) {
	for name, g := range map[string]*gate.Gate{
		"recipe":     recipe(),
		"everything": everything(),
		"nothing":    {IPv4: closed(), IPv6: closed()},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newBackend().Render(g, time.Time{})
			must(t, err)
			file := filepath.Join("testdata", name+".nft")
			if *update {
				must(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			must(t, err)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", file, diff)
			}
		})
	}
}

// Whatever a gate has for names, no line of the text is longer or more than those of a harmless gate.
func TestNamesFromOutsideAreNeverPasted(t *testing.T) {
	const evil = "x\" accept\n\t\tdrop # ; } table ip y { $z `id` \\ ü"
	g := recipe()
	l := line(3, "allow 8123/tcp from office", addresses("office", "192.168.0.0/24", "10.0.0.1"))
	g.IPv4.Ingress.Segments[1].Chain = chainOf(l)
	harmless, err := newBackend().Render(g, time.Time{})
	must(t, err)

	l.Client.Name, l.Client.ID = evil, evil
	l.Rule = gate.RuleRef{Position: policy.Position{File: evil, Line: 3}, Sentence: evil, Hash: evil}
	l.Log = true
	g = recipe()
	g.IPv4.Ingress.Segments[1].Chain = chainOf(l)
	text, err := newBackend().Render(g, time.Time{})
	must(t, err)
	if got, want := strings.Count(text, "\n"), strings.Count(harmless, "\n")+2; got != want { // two lines log
		t.Errorf("%d lines, want %d:\n%s", got, want, text)
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.ContainsAny(line, "`\\$;ü") && !strings.Contains(line, "type filter hook") {
			t.Errorf("the line has what it should not: %s", line)
		}
		if strings.Count(line, `"`) > 4 && !strings.HasPrefix(line, "\t\toifname") && !strings.HasPrefix(line, "\t\tiifname") {
			t.Errorf("the line has too many quotes: %s", line)
		}
	}
}

func TestInterfacesThatMeanMore(t *testing.T) {
	for _, name := range []string{"", "eth*", "a\"b", "a b", "with\nnewline", "sixteen-letters0", "ü"} {
		g := recipe()
		g.Bridges = []string{name}
		if _, err := newBackend().Render(g, time.Time{}); err == nil || !strings.Contains(err.Error(), "cannot be named") {
			t.Errorf("bridge %q: %v", name, err)
		}
		g = recipe()
		l := line(1, "allow 22/tcp from any", gate.AddressSet{})
		l.Interface = name
		g.IPv4.Ingress.Segments[0].Chain = chainOf(l)
		if _, err := newBackend().Render(g, time.Time{}); name != "" && (err == nil || !strings.Contains(err.Error(), "cannot be named")) {
			t.Errorf("interface %q: %v", name, err)
		}
	}
}

func TestGatesThatContradictThemselves(t *testing.T) {
	g := recipe()
	g.IPv4.Ingress.Segments[0].Chain = chainOf(line(1, "allow 1/tcp from a", addresses("a", "10.0.0.1", "10.0.0.3")))
	g.IPv4.Ingress.Segments[1].Chain = chainOf(line(2, "allow 2/tcp from a", addresses("a", "10.0.0.1", "10.0.0.5")))
	if _, err := newBackend().Render(g, time.Time{}); err == nil || !strings.Contains(err.Error(), "two sets") {
		t.Errorf("two sets of one ID: %v", err)
	}
	g = recipe()
	l := line(1, "allow icmp from any", gate.AddressSet{})
	l.AnsweringPort = 80
	g.IPv4.Ingress.Echo = chainOf(l)
	if _, err := newBackend().Render(g, time.Time{}); err == nil || !strings.Contains(err.Error(), "no ports") {
		t.Errorf("a port of an echo: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
