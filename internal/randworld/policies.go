package randworld

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// Policies are the texts of policy files that parse without an error.
func Policies() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		b.WriteString("version: 1\n")
		ingress := rapid.SliceOfN(rapid.Custom(ingressSentence), 0, 12).Draw(t, "ingress")
		if oneIn(t, 3, "crowd") {
			ingress = append(ingress, rapid.SliceOfN(rapid.Custom(plainSentence), 9, 15).Draw(t, "crowd")...)
		}
		section(&b, "ingress", ingress)
		section(&b, "egress", rapid.SliceOfN(rapid.Custom(egressSentence), 0, 12).Draw(t, "egress"))
		b.WriteString(sets)
		fmt.Fprintf(&b, "defaults: {ingress: %s, egress: %s, refuse: %s}\n",
			pick(t, "ingress default", "deny", "deny", "allow"),
			pick(t, "egress default", "allow", "deny"), pick(t, "refuse", "reject", "drop"))
		if within := pick(t, "within", "office", "far", ""); within != "" {
			fmt.Fprintf(&b, "labels: {within: %s}\n", within)
		}
		return b.String()
	})
}

// sets are those of every policy: of both families, of one, and one that overlaps others.
const sets = `sets:
  office: ["192.168.0.0/24", "2001:db8::/64", "fe80::/10"]
  vpn: ["10.8.0.0/24"]
  far: ["198.51.100.0/24", "2001:db8:20::7", "192.168.0.8-192.168.0.20"]
`

func section(b *strings.Builder, name string, sentences []string) {
	if len(sentences) == 0 {
		return
	}
	fmt.Fprintf(b, "%s:\n", name)
	for _, s := range sentences {
		fmt.Fprintf(b, "  - '%s'\n", s)
	}
}

func ingressSentence(t *rapid.T) string {
	parts := []string{action(t), ports(t)}
	if rapid.Bool().Draw(t, "has from") {
		parts = append(parts, "from "+peers(t, sources(t)...))
	}
	if rapid.Bool().Draw(t, "has to") {
		portless := strings.Contains(parts[1], "icmp")
		parts = append(parts, "to "+peers(t, containers(t, !portless)...))
	}
	parts = append(parts, onInterface(t)...)
	if oneIn(t, 3, "has at") {
		parts = append(parts, "at "+pick(t, "at", "203.0.113.10", "192.168.0.1", "10.8.0.1", "2001:db8::10",
			"172.17.0.2", "127.0.0.1"))
	}
	return strings.Join(append(parts, logged(t)...), " ")
}

// plainSentence differs from others in little but its sources: backends may make one of many.
func plainSentence(t *rapid.T) string {
	return fmt.Sprintf("%s 80,5432/tcp from %s", action(t), sources(t)[0])
}

func egressSentence(t *rapid.T) string {
	parts := []string{action(t), ports(t)}
	if rapid.Bool().Draw(t, "has from") {
		parts = append(parts, "from "+peers(t, containers(t, false)...))
	}
	if rapid.Bool().Draw(t, "has to") {
		parts = append(parts, "to "+peers(t, sources(t)...))
	}
	parts = append(parts, onInterface(t)...)
	return strings.Join(append(parts, logged(t)...), " ")
}

// labelSentence is the text of a container's label: one or two sentences.
func labelSentence(t *rapid.T) string {
	one := func() string { return ports(t) + " from " + peers(t, sources(t)...) }
	if oneIn(t, 3, "two sentences") {
		return one() + "; allow " + one()
	}
	return one()
}

func action(t *rapid.T) string { return pick(t, "action", "allow", "allow", "deny") }

func ports(t *rapid.T) string {
	return pick(t, "ports", "all", "80/tcp", "tcp", "443/tcp", "80,443/tcp", "5432/tcp", "8000-8001/tcp",
		"1-65535/tcp", "8001-9000/tcp", "80/udp", "udp", "80/tcp 8000-8002/udp", "80/tcp udp icmp", "sctp",
		"5432,80/sctp", "icmp")
}

// sources are two or three different words for addresses.
func sources(t *rapid.T) []string {
	return distinct(t, "addresses", "office", "vpn", "far", "192.168.0.7", "192.168.0.0/29", "198.51.100.7", "1.1.1.1",
		"2001:db8:20::7", "2001:db8::/32", "fe80::/10", "::/0", "0.0.0.0/0", "10.0.0.0-10.255.255.255")
}

// containers are two or three different selectors. Some name containers that are not there.
func containers(t *rapid.T, withPorts bool) []string {
	words := distinct(t, "containers", "web", "db", "shop/web", "shop-web-1", "task",
		"network:shop_front", "network:bridge", "label:role", "label:role=front", "label:role=", "gone")
	for i := range words {
		if withPorts && oneIn(t, 3, "has port") {
			words[i] += fmt.Sprintf(":%d", pick(t, "own port", containerPorts()...))
		}
	}
	return words
}

func distinct(t *rapid.T, label string, from ...string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 2, 3, rapid.ID[string]).Draw(t, label)
}

// peers makes a side of a sentence from words.
func peers(t *rapid.T, words ...string) string {
	switch pick(t, "form", "one", "several", "except", "any except", "any") {
	case "several":
		return strings.Join(words, ", ")
	case "except":
		return words[0] + " except " + strings.Join(words[1:], ",")
	case "any":
		return "any"
	case "any except":
		return "any except " + strings.Join(words[1:], ",")
	}
	return words[0]
}

func onInterface(t *rapid.T) []string {
	if !oneIn(t, 3, "has on") {
		return nil
	}
	return []string{"on " + pick(t, "on", "eno1", "wg0")}
}

func logged(t *rapid.T) []string {
	if !oneIn(t, 8, "logs") {
		return nil
	}
	return []string{"log"}
}
