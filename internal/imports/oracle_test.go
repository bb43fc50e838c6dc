package imports

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// The oracle: random chains are followed packet by packet, as the kernel does, and must decide as the policy does that
// was made of them, wherever nothing was reported as not carried over.

// modelRule is one rule, kept as the fields that the interpreter looks at and printed as iptables has them.
type modelRule struct {
	In, Out        string // with "!" before it: not
	Source, Dest   string // a prefix or a range, perhaps with "!"
	Protocol       string
	Ports, Dialled string // "80", "80:90" or "80,90:99", perhaps with "!"
	State, Dir     string
	DialledAddress string
	Target         string
}

func (r modelRule) String() string {
	var words []string
	add := func(option, value string) {
		if value == "" {
			return
		}
		if bare, not := strings.CutPrefix(value, "!"); not {
			words = append(words, "!")
			value = bare
		}
		words = append(words, option, value)
	}
	add("-i", r.In)
	add("-o", r.Out)
	for _, a := range []struct{ prefix, ranged, value string }{
		{"-s", "--src-range", r.Source}, {"-d", "--dst-range", r.Dest},
	} {
		if strings.Contains(a.value, "-") {
			words = append(words, "-m", "iprange")
			add(a.ranged, a.value)
		} else {
			add(a.prefix, a.value)
		}
	}
	add("-p", r.Protocol)
	if strings.Contains(r.Ports, ",") {
		words = append(words, "-m", "multiport")
		add("--dports", r.Ports)
	} else {
		add("--dport", r.Ports)
	}
	if r.State+r.Dir+r.Dialled+r.DialledAddress != "" {
		words = append(words, "-m", "conntrack")
	}
	add("--ctstate", r.State)
	add("--ctdir", r.Dir)
	add("--ctorigdstport", r.Dialled)
	add("--ctorigdst", r.DialledAddress)
	add("-j", r.Target)
	return strings.Join(words, " ")
}

// modelPacket is a conversation's first packet as DOCKER-USER sees it, behind DNAT.
type modelPacket struct {
	In, Out      string
	Source, Dest netip.Addr
	Dialled      netip.Addr
	Protocol     host.Protocol
	Port         uint16
	DialledPort  uint16
	Rewritten    bool
}

func negated(value string, match func(string) bool) bool {
	if value == "" {
		return true
	}
	bare, not := strings.CutPrefix(value, "!")
	return match(bare) != not
}

func (r modelRule) matches(p modelPacket) bool {
	isInterface := func(name string) func(string) bool {
		return func(pattern string) bool {
			prefix, wildcard := strings.CutSuffix(pattern, "+")
			return pattern == name || wildcard && strings.HasPrefix(name, prefix)
		}
	}
	isAddress := func(a netip.Addr) func(string) bool {
		return func(text string) bool {
			if first, last, found := strings.Cut(text, "-"); found {
				return !a.Less(netip.MustParseAddr(first)) && !netip.MustParseAddr(last).Less(a)
			}
			if prefix, err := netip.ParsePrefix(text); err == nil {
				return prefix.Contains(a)
			}
			return netip.MustParseAddr(text) == a
		}
	}
	isPort := func(port uint16) func(string) bool {
		return func(text string) bool {
			return slices.ContainsFunc(strings.Split(text, ","), func(item string) bool {
				var first, last uint16
				if n, _ := fmt.Sscanf(item, "%d:%d", &first, &last); n == 1 {
					last = first
				}
				return first <= port && port <= last
			})
		}
	}
	isState := func(text string) bool {
		return slices.ContainsFunc(strings.Split(text, ","), func(s string) bool {
			return s == "NEW" || s == "DNAT" && p.Rewritten
		})
	}
	return negated(r.In, isInterface(p.In)) && negated(r.Out, isInterface(p.Out)) &&
		negated(r.Source, isAddress(p.Source)) && negated(r.Dest, isAddress(p.Dest)) &&
		negated(r.Protocol, func(name string) bool { return name == p.Protocol.String() }) &&
		negated(r.Ports, isPort(p.Port)) && negated(r.Dialled, isPort(p.DialledPort)) &&
		negated(r.State, isState) && negated(r.Dir, func(dir string) bool { return dir == "ORIGINAL" }) &&
		negated(r.DialledAddress, isAddress(p.Dialled))
}

// follow is the verdict of a chain: "pass", "refuse", or "" at its end and behind a RETURN.
func follow(chains map[string][]modelRule, name string, p modelPacket) string {
	for _, r := range chains[name] {
		if !r.matches(p) {
			continue
		}
		switch r.Target {
		case "RETURN":
			return ""
		case "ACCEPT":
			return "pass"
		case "DROP", "REJECT":
			return "refuse"
		}
		if verdict := follow(chains, r.Target, p); verdict != "" {
			return verdict
		}
	}
	return ""
}

// packets are all first packets that the oracle asks about: every publication from several clients on both outside
// interfaces, and what each container may ask outside.
func packets(h *host.Host, six bool) []modelPacket {
	clients := []string{"192.168.0.7", "192.168.0.99", "198.51.100.7", "10.8.0.9"}
	own := []string{"203.0.113.10", "10.8.0.1"}
	if six {
		clients, own = []string{"2001:db8::7", "2001:db8:1::9", "2600::1"}, []string{"2001:db8::10"}
	}
	var all []modelPacket
	for _, in := range []string{"eth0", "wg0"} {
		for _, client := range clients {
			for _, dialled := range own {
				all = append(all, published(h, in, netip.MustParseAddr(client), netip.MustParseAddr(dialled))...)
			}
			all = append(all, asking(h, in, netip.MustParseAddr(client))...)
		}
	}
	return all
}

func addressOf(h *host.Host, c *host.Container, six bool) (string, netip.Addr) {
	e := c.Endpoints[0]
	i := slices.IndexFunc(h.Networks, func(n host.Network) bool { return n.Name == e.Network })
	if six {
		return h.Networks[i].Bridge, e.IPv6
	}
	return h.Networks[i].Bridge, e.IPv4
}

func published(h *host.Host, in string, client, dialled netip.Addr) []modelPacket {
	var all []modelPacket
	for _, c := range h.Containers {
		for _, pub := range c.Publications {
			if pub.HostAddress != dialled && (!pub.HostAddress.IsUnspecified() || pub.HostAddress.Is6() != dialled.Is6()) {
				continue
			}
			out, address := addressOf(h, &c, client.Is6())
			all = append(all, modelPacket{In: in, Out: out, Source: client, Dest: address, Dialled: dialled,
				Protocol: pub.Protocol, Port: pub.ContainerPort, DialledPort: pub.HostPort, Rewritten: true})
		}
	}
	return all
}

func asking(h *host.Host, out string, remote netip.Addr) []modelPacket {
	var all []modelPacket
	for _, c := range h.Containers {
		in, address := addressOf(h, &c, remote.Is6())
		for _, port := range []uint16{53, 80, 81, 443, 5432} {
			for _, protocol := range []host.Protocol{host.TCP, host.UDP} {
				all = append(all, modelPacket{In: in, Out: out, Source: address, Dest: remote, Dialled: remote, Protocol: protocol,
					Port: port, DialledPort: port})
			}
		}
	}
	return all
}

// conversation is the packet as the policy sees it.
func (p modelPacket) conversation() policy.Conversation {
	c := policy.Conversation{In: p.In, Source: p.Source, Destination: p.Dialled, Protocol: p.Protocol, Port: p.DialledPort}
	if !p.Rewritten {
		c.Out = p.Out
	}
	return c
}

// chainText prints chains as iptables-save does.
func chainText(chains map[string][]modelRule, tool string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Generated by %s v1.8.9\n*filter\n:DOCKER-USER - [0:0]\n:EXTRA - [0:0]\n", tool)
	for _, name := range []string{"DOCKER-USER", "EXTRA"} {
		for _, r := range chains[name] {
			fmt.Fprintf(&b, "-A %s %s\n", name, r)
		}
	}
	b.WriteString("COMMIT\n")
	return b.String()
}

// some draws one of the values; often the empty one, which restricts nothing.
func some(t *rapid.T, label string, often int, values ...string) string {
	return rapid.SampledFrom(append(slices.Repeat([]string{""}, often), values...)).Draw(t, label)
}

func drawRule(t *rapid.T, six bool, targets ...string) modelRule {
	sources := []string{"192.168.0.0/24", "!192.168.0.0/24", "198.51.100.7", "!10.0.0.0/8", "192.168.0.1-192.168.0.50",
		"172.17.0.2", "172.16.0.0/12"}
	dests := []string{"172.17.0.2", "172.17.0.0/16", "!172.17.0.3", "198.51.100.0/24", "!198.51.100.7", "172.16.0.0/12"}
	if six {
		sources = []string{"2001:db8::/64", "!2001:db8::/64", "2600::1", "fd17::/64"}
		dests = []string{"fd17::2", "fd18::/64", "!2600::1"}
	}
	r := modelRule{
		In:     some(t, "in", 4, "eth0", "wg0", "docker0", "br-front", "!docker0", "!eth0", "eth+"),
		Out:    some(t, "out", 4, "docker0", "br-front", "eth0", "!docker0", "!wg0"),
		Source: some(t, "source", 6, sources...),
		Dest:   some(t, "dest", 10, dests...),
		State:  some(t, "state", 10, "NEW", "RELATED,ESTABLISHED", "!ESTABLISHED,RELATED", "NEW,ESTABLISHED"),
		Dir:    some(t, "dir", 12, "ORIGINAL", "REPLY"),
		Target: rapid.SampledFrom(targets).Draw(t, "target"),
	}
	if r.Protocol = some(t, "protocol", 1, "tcp", "udp"); r.Protocol != "" {
		r.Ports = some(t, "ports", 1, "80", "81", "53", "5432", "80:81", "!80", "80,5432", "53,80:90", "9000", "1:1023")
		r.Dialled = some(t, "dialled", 8, "80", "7777", "8080:9000", "!80", "9000", "9000:9001")
	}
	if !six {
		r.DialledAddress = some(t, "dialled address", 16, "203.0.113.10", "!10.8.0.1", "10.8.0.0/24")
	}
	return r
}

func drawChains(t *rapid.T, six bool) map[string][]modelRule {
	chains := map[string][]modelRule{}
	for range rapid.IntRange(1, 6).Draw(t, "rules") {
		chains["DOCKER-USER"] = append(chains["DOCKER-USER"],
			drawRule(t, six, "RETURN", "RETURN", "ACCEPT", "DROP", "DROP", "REJECT", "EXTRA"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "extra rules") {
		chains["EXTRA"] = append(chains["EXTRA"], drawRule(t, six, "RETURN", "ACCEPT", "DROP"))
	}
	if end := some(t, "end", 1, "DROP", "RETURN"); end != "" {
		chains["DOCKER-USER"] = append(chains["DOCKER-USER"], modelRule{Target: end})
	}
	return chains
}

func TestPolicyDecidesAsTheChain(t *testing.T) {
	h := model()
	compared, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		families := rapid.SampledFrom([]string{"4", "6", "46"}).Draw(t, "families")
		text := ""
		var chains [2]map[string][]modelRule
		for i, tool := range []string{"iptables-save", "ip6tables-save"} {
			if strings.Contains(families, string("46"[i])) {
				chains[i] = drawChains(t, i == 1)
				text += chainText(chains[i], tool)
			}
		}
		r, err := Import(text, h)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		all++
		exact := len(r.NotCarried) == 0
		opens := func(n Note) bool { return !strings.HasSuffix(n.Why, "not allow what this line allows") }
		if slices.ContainsFunc(r.NotCarried, opens) {
			return
		}
		if exact {
			compared++
		}
		p, problems := policy.Parse("imported", []byte(r.Policy))
		if problems.Err() != nil {
			t.Fatal(problems)
		}
		for i := range chains {
			if chains[i] == nil || !refuses(chains[i]) && chains[1-i] != nil && refuses(chains[1-i]) {
				continue // never written, or empty: what the other family's chain says holds for both
			}
			compare(t, h, p, chains[i], i == 1, exact, text, r.Policy)
		}
	})
	if compared < all/4 {
		t.Errorf("only %d of %d chains were carried over entirely: the test sees too little", compared, all)
	}
	t.Logf("%d of %d chains compared", compared, all)
}

func refuses(chains map[string][]modelRule) bool {
	refusing := func(r modelRule) bool { return r.Target == "DROP" || r.Target == "REJECT" }
	jumps := func(r modelRule) bool { return r.Target == "EXTRA" }
	return slices.ContainsFunc(chains[chainName], refusing) ||
		slices.ContainsFunc(chains[chainName], jumps) && slices.ContainsFunc(chains["EXTRA"], refusing)
}

// compare asks both about every packet. Where only allows were lost the policy may be stricter, and never more open.
func compare(t *rapid.T, h *host.Host, p *policy.Policy, chains map[string][]modelRule, six, exact bool,
	text, made string) {
	for _, packet := range packets(h, six) {
		want := follow(chains, chainName, packet) != "refuse"
		got := policy.Decide(p, h, packet.conversation())
		if !got.Governed || got.Allowed && !want || exact && got.Allowed != want {
			t.Fatalf("%+v\nchain: %v, policy: %v (%s)\n%s\n%s", packet, want, got.Allowed, got.Reason, text, made)
		}
	}
}
