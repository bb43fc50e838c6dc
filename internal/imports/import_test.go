package imports

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// sentencesOf are the sentences of a policy, and its defaults.
func sentencesOf(p *policy.Policy) string {
	var b strings.Builder
	for _, r := range p.Ingress {
		b.WriteString(r.String() + "\n")
	}
	for _, r := range p.Egress {
		b.WriteString("egress: " + r.String() + "\n")
	}
	return b.String() + p.Defaults.Ingress.String() + ", " + p.Defaults.Egress.String()
}

// TestRecordedHosts imports everything that iptables-save says on real hosts, where nobody has filled the chain.
func TestRecordedHosts(t *testing.T) {
	recordings := []string{
		"docker-20.10-iptables", "docker-26.1-iptables", "docker-28.5-iptables", "docker-29.7-iptables",
	}
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			var text string
			for _, file := range []string{"iptables-save.txt", "ip6tables-save.txt"} {
				saved, err := os.ReadFile(filepath.Join("..", "host", "testdata", "hosts", name, file))
				if err != nil {
					t.Fatal(err)
				}
				text += string(saved)
			}
			r, err := Import(text, testHost(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.NotCarried)+len(r.Typos) > 0 {
				t.Errorf("nothing is wrong with the host, but: %v %v", r.NotCarried, r.Typos)
			}
			p, _ := imported(t, text, testHost(t, name))
			if diff := cmp.Diff("allow, allow", sentencesOf(p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFilledRecording puts rules into the chain of a real host and imports all of it.
func TestFilledRecording(t *testing.T) {
	saved, err := os.ReadFile("../host/testdata/hosts/docker-28.5-iptables/iptables-save.txt")
	if err != nil {
		t.Fatal(err)
	}
	rules := "-A FORWARD -j ts-forward\n-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -s 192.0.2.0/24 -j DROP\n"
	text := strings.Replace(string(saved), "-A FORWARD -j DOCKER-USER\n", rules, 1)
	r, err := Import(text, testHost(t, "docker-28.5-iptables"))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := imported(t, text, testHost(t, "docker-28.5-iptables"))
	if diff := cmp.Diff("deny all from 192.0.2.0/24\nallow, allow", sentencesOf(p)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.Policy, "-A FORWARD -j ts-forward\n#      it stands before DOCKER-USER") {
		t.Errorf("nothing is said of the rule before the chain:\n%s", r.Policy)
	}
}

// TestSwarm: packets of the routing mesh carry the published port through docker_gwbridge, and no container's name
// means them.
func TestSwarm(t *testing.T) {
	h := model()
	h.Interfaces = append(h.Interfaces, device("docker_gwbridge"))
	h.Networks = append(h.Networks, bridgeNetwork("docker_gwbridge", "docker_gwbridge", "172.19.0.0/16"))
	h.Services = []host.Service{{Name: "api", Protocol: host.TCP, HostPort: 8443, ContainerPort: 443}}
	p, _ := imported(t, "-A DOCKER-USER -o docker_gwbridge -p tcp --dport 8443 -s 192.168.0.0/24 -j RETURN\n"+
		"-A DOCKER-USER -j DROP", h)
	if diff := cmp.Diff("allow 8443/tcp from 192.168.0.0/24\ndeny, deny", sentencesOf(p)); diff != "" {
		t.Error(diff)
	}
	r, err := Import("-A DOCKER-USER -o docker_gwbridge -j RETURN\n-A DOCKER-USER -j DROP", h)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.NotCarried) != 1 || !strings.Contains(r.NotCarried[0].Why, "swarm's mesh") {
		t.Errorf("not carried over: %v", r.NotCarried)
	}
}

// TestHostileHost: names that no sentence can say are reported, and leave the policy right.
func TestHostileHost(t *testing.T) {
	h := model()
	h.Containers[0].Name = "all"
	r, err := Import("-A DOCKER-USER -d 172.17.0.2 -p tcp --dport 80 -j DROP", h)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.NotCarried) != 1 || !strings.Contains(r.NotCarried[0].Why, "does not refuse") {
		t.Errorf("not carried over: %v", r.NotCarried)
	}
}

// TestManyExceptions: a chain that closes one interface, with more exceptions than sentences can be made of by cutting
// its end. Where no host says which other interfaces there are, they are closed too, and the policy says so.
func TestManyExceptions(t *testing.T) {
	var b strings.Builder
	for i := range mostPieces + 1 {
		fmt.Fprintf(&b, "-A DOCKER-USER -i eth0 -s 10.0.0.%d -p tcp --dport %d -j RETURN\n", i, 8000+i)
	}
	b.WriteString("-A DOCKER-USER -i eth0 -j DROP\n")
	p, text := imported(t, b.String(), nil)
	said := strings.Contains(text, "is refused by the policy in part")
	if p.Defaults.Ingress != policy.Deny || len(p.Ingress) != mostPieces+1 || !said {
		t.Errorf("want every exception as a sentence, and the rest refused:\n%s", text)
	}
}

// TestTooManyPieces: a deny that cannot be cut in either way stays whole, so that the policy is closed rather than
// open, and says so.
func TestTooManyPieces(t *testing.T) {
	var allows, denies strings.Builder
	for i := range mostPieces + 1 {
		fmt.Fprintf(&allows, "-A DOCKER-USER -i eth0 -s 10.0.0.%d -p tcp --dport %d -j RETURN\n", i, 8000+i)
		fmt.Fprintf(&denies, "-A DOCKER-USER -i eth1 -s 10.1.0.%d -p udp --dport %d -j DROP\n", i, 8000+i)
	}
	text := allows.String() + "-A DOCKER-USER -i eth0 -j DROP\n" + denies.String()
	r, err := Import(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := imported(t, text, nil)
	if !strings.Contains(sentencesOf(p), "deny all from any on eth0\n") {
		t.Errorf("the deny is gone:\n%s", r.Policy)
	}
	const why = "refuses all of it, also what lines before it let pass"
	if len(r.NotCarried) != 1 || !strings.Contains(r.NotCarried[0].Why, why) {
		t.Errorf("not carried over: %v", r.NotCarried)
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "there is no DOCKER-USER chain in the text",
		"echo hello":                      "there is no DOCKER-USER chain in the text",
		"iptables -A docker-user -j DROP": "one named docker-user, which Docker does not know: did you mean DOCKER-USER?",
		"table ip filter {\nchain DOCKER-USER {\n}": "this looks like the output of `nft list ruleset`",
		"Chain DOCKER-USER (1 references)":          "this looks like the output of `iptables -L`",
		strings.Repeat("x", largestText+1):          "more than 2097152 are not read",
	} {
		if _, err := Import(text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, not %s", err, want)
		}
	}
}

func TestNearestPort(t *testing.T) {
	ports := []uint16{22, 80, 443, 6379, 7777, 8123, 8132}
	for typed, want := range map[uint16]uint16{
		6713: 6379, 8213: 8123, 8312: 8132, 6379: 6379, 637: 6379, 63790: 6379, 434: 443, 444: 443, 8: 0, 81: 0,
		7778: 7777, 1234: 0, 5432: 0,
	} {
		if got := nearest(typed, ports); got != want {
			t.Errorf("%d is nearest to %d, not %d", typed, got, want)
		}
	}
}

func TestAddressForms(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.5/24": "10.0.0.0/24", "10.0.0.1": "10.0.0.1/32", "10.0.0.0/255.255.255.0": "10.0.0.0/24", "0/0": "0.0.0.0/0",
		"10.0.0.1,10.0.0.0": "10.0.0.0/31", "10.0.0.0-10.0.0.255": "10.0.0.0/24", "10.0.0.0/0.0.0.0": "0.0.0.0/0",
	} {
		a, err := parseAddresses(text, ipv4)
		if err != nil || len(a.set.Prefixes()) != 1 || a.set.Prefixes()[0].String() != want {
			t.Errorf("%s is %v, %v", text, a.set.Prefixes(), err)
		}
	}
	for _, text := range []string{"", "x", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0.2-10.0.0.1", "2001:db8::1",
		"fe80::1%eth0", "::ffff:10.0.0.1", "10.0.0.1/ffff::", "10.0.0.1-2001:db8::1", "10.0.0.0/-1"} {
		if a, err := parseAddresses(text, ipv4); err == nil {
			t.Errorf("%q is no IPv4 address, but %v", text, a.set.Prefixes())
		}
	}
}
