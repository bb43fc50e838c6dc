package story

import (
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
)

// What people write for a destination, and what it means.
func TestParseTarget(t *testing.T) {
	for word, want := range map[string]target{
		"8123/tcp":              {"", host.TCP, 8123},
		"53/udp":                {"", host.UDP, 53},
		"icmp":                  {"", host.ICMP, 0},
		"1.1.1.1:443/tcp":       {"1.1.1.1", host.TCP, 443},
		"1.1.1.1:443":           {"1.1.1.1", host.TCP, 443},
		"[2001:db8::1]:443/udp": {"2001:db8::1", host.UDP, 443},
		"web:80":                {"web", host.TCP, 80},
		"shop/web:80":           {"shop/web", host.TCP, 80},
		"shop/web:80/udp":       {"shop/web", host.UDP, 80},
		"shop/tcp:80":           {"shop/tcp", host.TCP, 80},
	} {
		got, err := parseTarget("", word)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", word, got, err, want)
		}
	}
	if got, err := parseTarget("web", "80/tcp"); err != nil || got != (target{"web", host.TCP, 80}) {
		t.Errorf("web, then 80/tcp: %+v, %v", got, err)
	}
}

// Errors say what to write instead.
func TestParseTargetErrors(t *testing.T) {
	for word, want := range map[string]string{
		"8123":        "write 8123/tcp",
		"8123/tpc":    "did you mean tcp?",
		"8123/icmp":   "icmp has no port",
		"web":         "has no port",
		"2001:db8::1": "has no port",
		"0/tcp":       "from 1 to 65535",
		"65536/tcp":   "from 1 to 65535",
		"web:http":    "\"http\" is no port",
		"":            "has no port",
	} {
		if _, err := parseTarget("", word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want it to say %q", word, err, want)
		}
	}
	if _, err := parseTarget("web", "web:80"); err == nil {
		t.Error("two places are taken for one")
	}
}

// Whatever is written, there is a port where one must be, or an error.
func FuzzParseTarget(f *testing.F) {
	for _, word := range []string{"8123/tcp", "icmp", "[::1]:80", "shop/web:80/udp", "::", "/", ":", "a:b:c/d"} {
		f.Add("", word)
	}
	f.Fuzz(func(t *testing.T, place, word string) {
		got, err := parseTarget(place, word)
		if err == nil && (got.port == 0) != (got.protocol == host.ICMP) {
			t.Errorf("%q, %q: %+v", place, word, got)
		}
	})
}
