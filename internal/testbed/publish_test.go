package testbed

import "testing"

func TestPublicationsAreReadAsDockerReadsThem(t *testing.T) {
	for text, want := range map[string]string{
		"80":                     "80/tcp invalid IP ",
		"7777:80":                "80/tcp invalid IP 7777",
		"53:53/udp":              "53/udp invalid IP 53",
		"127.0.0.1:8080:80":      "80/tcp 127.0.0.1 8080",
		"127.0.0.1::80":          "80/tcp 127.0.0.1 ",
		"[2001:db8::10]:8080:80": "80/tcp 2001:db8::10 8080",
	} {
		port, binding, err := publication(text)
		if got := port.String() + " " + binding.HostIP.String() + " " + binding.HostPort; err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "host:80:80", "70000"} {
		if _, err := portMap([]string{text}); err == nil {
			t.Errorf("%q was taken for a publication", text)
		}
	}
}
