package policy

import (
	"fmt"
	"strings"
	"testing"
)

// How tests go on the test host.
func TestRunTests(t *testing.T) {
	for _, row := range []struct{ policy, test, got, why string }{
		{"allow 8123/tcp from office", "192.168.0.7 can reach 8123/tcp", "allowed", "allow 8123/tcp from office"},
		{"allow 8123/tcp from office", "198.51.100.7 cannot reach 8123/tcp", "refused", "the default of ingress is deny"},
		{"allow 8123/tcp from office", "198.51.100.7 can reach 8123/tcp", "refused", "the default of ingress is deny"},
		{"allow 8123/tcp from office", "192.168.0.7 cannot reach 8123/tcp", "allowed", "allow 8123/tcp from office"},
		{"allow all", "192.168.0.7 can reach 8124/tcp", "refused", "nobody publishes 8124/tcp where 192.168.0.7"},
		{"allow all", "192.168.0.7 cannot reach 8124/tcp", "refused", "nobody publishes 8124/tcp"},
		{"allow all", "192.168.0.7 cannot reach 8123/udp", "refused", "nobody publishes 8123/udp"},
		{"allow all", "192.168.0.7 can reach 5432/tcp", "refused", "nobody publishes 5432/tcp"},
		{"allow all", "192.168.0.7 can reach 9999/tcp", "refused", "nobody publishes 9999/tcp"},
		{"allow all", "192.168.0.7 can reach 8080/tcp", "allowed", "allow all"},
		{"allow tcp to shop/db:5432", "192.168.0.7 can reach 15432/tcp", "allowed", "at 203.0.113.10"},
		// The interface is the one by which the host answers.
		{"allow 8123/tcp on eno1", "198.51.100.7 can reach 8123/tcp", "allowed", ""},
		{"allow 8123/tcp on eno2", "203.0.113.200 can reach 8123/tcp", "allowed", ""},
		{"allow 8123/tcp on wg0", "10.8.0.7 can reach 8123/tcp", "allowed", ""},
		{"allow 8123/tcp on wg0", "198.51.100.7 cannot reach 8123/tcp", "refused", ""},
		{"allow 8123/tcp on eno1", "fe80::7 can reach 8123/tcp", "allowed", "at fe80::10"},
		{"allow 8123/tcp on eno1", "2001:db8:10::7 can reach 8123/tcp", "allowed", "at 2001:db8:10::10"},
		// All of the host's addresses count; a test can name one.
		{"allow 8123/tcp at 203.0.113.10", "192.168.0.7 can reach 8123/tcp", "mixed", "refused at 192.168.0.10"},
		{"allow 8123/tcp at 203.0.113.10", "192.168.0.7 cannot reach 8123/tcp", "mixed", "allowed at 203.0.113.10"},
		{"allow 8123/tcp at 203.0.113.10", "192.168.0.7 can reach 203.0.113.10 8123/tcp", "allowed", ""},
		{"allow 8123/tcp at 203.0.113.10", "192.168.0.7 cannot reach 192.168.0.10 8123/tcp", "refused", ""},
		{"allow icmp", "192.168.0.7 can reach 172.17.0.3 icmp", "allowed", ""},
		{"", "192.168.0.7 cannot reach 172.17.0.3 80/tcp", "refused", ""},
		{"", "192.168.0.7 can reach 203.0.113.10 22/tcp", "not judged", "it reaches no container"},
		{"", "192.168.0.7 cannot reach 203.0.113.10 22/tcp", "not judged", "it reaches no container"},
		{"", "172.17.0.3 cannot reach 8123/tcp", "not judged", "172.17.0.3 is behind docker0"},
		{"", "203.0.113.10 cannot reach 8123/tcp", "not judged", "203.0.113.10 is the host's own address"},
		// Containers.
		{"egress: deny all to 169.254.169.254", "shop/web can reach 1.1.1.1 443/tcp", "allowed", "egress is allow"},
		{"egress: deny all to 169.254.169.254", "shop/web cannot reach 169.254.169.254 80/tcp", "refused", "from 172.18.0.2"},
		{"egress: deny all from shop/web on eno1", "shop/web cannot reach 1.1.1.1 icmp", "refused", ""},
		{"egress: deny all from shop/web on eno2", "shop/web cannot reach 203.0.113.200 80/tcp", "refused", ""},
		{"egress: deny all from shop/web", "shop/web cannot reach 2001:db8::1 80/tcp", "refused", "from fd00:18::2"},
		{"egress: deny all from shop/web", "sidecar cannot reach 1.1.1.1 80/tcp", "refused", "from 172.18.0.2"},
		{"egress: deny all from nginx", "network:bridge cannot reach 1.1.1.1 80/tcp", "mixed", "allowed from 172.17.0.2"},
		{"", "nginx can reach 2001:db8::1 80/tcp", "refused", "nginx has no address on a Docker bridge"},
		{"", "camera can reach 1.1.1.1 80/tcp", "refused", "camera has no address on a Docker bridge"},
		{"", "old can reach 1.1.1.1 80/tcp", "refused", `no running container is "old"`},
		{"", "monitor can reach 1.1.1.1 80/tcp", "not judged", "it uses the host's network"},
		{"", "nginx can reach 172.18.0.2 80/tcp", "not judged", "172.18.0.2 is behind br-shop"},
		{"", "nginx can reach 203.0.113.10 22/tcp", "not judged", "203.0.113.10 is the host's own address"},
	} {
		p := policyOf(t, row.policy)
		test, problems := parseTest(source{file: "policy.yaml", line: 1, text: row.test}, 1, row.test)
		if len(problems) > 0 {
			t.Fatal(problems.Caret())
		}
		if test.String() != row.test {
			t.Errorf("%q is printed as %q", row.test, test)
		}
		p.Tests = []Test{test}
		r := p.RunTests(testHost())[0]
		expected := map[bool]string{true: "allowed", false: "refused"}[!strings.Contains(row.test, "cannot")]
		passed := row.got == expected
		if r.Got != row.got || r.Expected != expected || r.Passed != passed || !strings.Contains(r.Why, row.why) {
			t.Errorf("%q: %s: %s, want %s %q", row.policy, row.test, fmt.Sprintf("%+v", r), row.got, row.why)
		}
	}
}

// A host that has no route to an address answers through its first outside interface that is up.
func TestTowardsWithoutRoute(t *testing.T) {
	h := testHost()
	h.Routes = nil
	h.Interfaces[1].Up = false
	p := policyOf(t, "allow 8123/tcp on eno2")
	test, _ := parseTest(source{}, 1, "198.51.100.7 can reach 8123/tcp")
	p.Tests = []Test{test}
	if r := p.RunTests(h)[0]; !r.Passed {
		t.Errorf("%+v", r)
	}
}
