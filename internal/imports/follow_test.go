package imports

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

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
