package policy

import (
	"strings"
	"testing"
)

// What Check says about sentences on the test host: nothing, or warnings.
func TestCheck(t *testing.T) {
	for _, row := range []struct{ policy, want string }{
		{"allow 8123/tcp from office to clickhouse on eno1 at 203.0.113.10", ""},
		{"allow tcp to shop/web,network:shop,label:role=db,sidecar", ""},
		{"allow 7777/tcp to nginx:80", ""},
		{"allow tcp to shop/wbe", `there is no container "shop/wbe" now; did you mean "shop/web"?`},
		{"allow tcp to clickhouse,ngnix:80", `there is no container "ngnix" now; did you mean "nginx"?`},
		{"allow tcp to any except nobody-at-all", `there is no container "nobody-at-all" now`},
		{"allow tcp to label:role=cache", `there is no container "label:role=cache" now`},
		{"allow tcp to network:shp", `there is no container "network:shp" now; did you mean "network:shop"?`},
		{"egress: deny all from ngnix", `there is no container "ngnix" now; did you mean "nginx"?`},
		{"allow tcp to monitor",
			`"monitor" uses the host's network, which the policy leaves alone; protect it with the host's own firewall`},
		{"allow tcp on eno3", `the host has no interface "eno3" now; did you mean "eno1"?`},
		{"allow tcp on docker0", "`on docker0` never matches: the interface is loopback or Docker's; " +
			"the policy is about what crosses from outside or to it"},
		{"allow tcp at 203.0.113.11", "203.0.113.11 is not an address of the host now"},
		{"allow tcp at 127.0.0.1", "`at 127.0.0.1` never matches: what is published on loopback is the host's own"},
		{"allow tcp at 172.17.0.3", ""},
		{"allow 15432,8080/tcp 443/udp", ""},
		{"allow 1-65535/tcp", ""},
		{"allow 8132/tcp", "nobody publishes 8132/tcp to outside now; published are 80,443,7777,8080,8123,9000,15432/tcp"},
		{"allow 9999/tcp", "nobody publishes 9999/tcp to outside now; published are 80,443,7777,8080,8123,9000,15432/tcp"},
		{"allow 1/sctp", "nobody publishes 1/sctp to outside now"},
		{"allow 5432/tcp", "nobody publishes 5432/tcp to outside now; published are 80,443,7777,8080,8123,9000,15432/tcp"},
		{"deny 8132/tcp", ""},
		{"egress: allow 8132/tcp", ""},
	} {
		problems := policyOf(t, row.policy).Check(testHost())
		if problems.Err() != nil {
			t.Errorf("%q: %v is not a warning", row.policy, problems)
		}
		var texts []string
		for _, p := range problems {
			_, text, _ := strings.Cut(p.Error(), ": warning: ")
			texts = append(texts, text)
		}
		if got := strings.Join(texts, "\n"); got != row.want {
			t.Errorf("%q:\n%s\nwant\n%s", row.policy, got, row.want)
		}
	}
}

// Without an engine nothing is known about containers, and nothing is guessed.
func TestCheckWithoutEngine(t *testing.T) {
	h := testHost()
	h.Engine, h.Containers, h.Services = nil, nil, nil
	if problems := policyOf(t, "allow 80/tcp to web; egress: deny all from web").Check(h); len(problems) > 0 {
		t.Error(problems)
	}
}

// Tests name containers, too.
func TestCheckTests(t *testing.T) {
	p, problems := Parse("p", []byte("version: 1\ntests: [ngnix can reach 1.1.1.1 1/tcp, 1.1.1.1 can reach 1/tcp]\n"))
	if p == nil {
		t.Fatal(problems)
	}
	const want = `p:2:9: warning: there is no container "ngnix" now; did you mean "nginx"?`
	if got := p.Check(testHost()).Error(); got != want {
		t.Error(got)
	}
}
