package pathwitness

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// draw takes random things for one IP family. The first of several is what a failing case shrinks to.
type draw struct {
	t      *rapid.T
	family netfilter.Family
}

// of is one of the words.
func (d draw) of(words ...string) string { return rapid.SampledFrom(words).Draw(d.t, "word") }

// one is the text of one of several generators.
func (d draw) one(makers ...func() string) string { return rapid.SampledFrom(makers).Draw(d.t, "of")() }

// chance is true once in n times.
func (d draw) chance(n int) bool { return rapid.IntRange(0, n-1).Draw(d.t, "chance") == n-1 }

// upTo is a number from 0 to n, small ones more often.
func (d draw) upTo(n int) int { return rapid.IntRange(0, n).Draw(d.t, "count") }

// not is sometimes a negation.
func (d draw) not(word string) string {
	if d.chance(4) {
		return word
	}
	return ""
}

func (d draw) is4() bool { return d.family == netfilter.IPv4 }

// byFamily is the word of the family.
func (d draw) byFamily(four, six []string) string {
	if d.is4() {
		return d.of(four...)
	}
	return d.of(six...)
}

// The constants of rules, and of the packets that meet them.
var (
	own4 = []string{"203.0.113.10", "172.17.0.1", "172.18.0.1", "10.8.0.1"}
	own6 = []string{"2001:db8:1::10", "fd17::1", "fd18::1", "fd08::1"}
	// containers are on the bridges.
	containers4 = []string{"172.17.0.2", "172.17.0.3", "172.18.0.2"}
	containers6 = []string{"fd17::2", "fd17::3", "fd18::2"}
	clients4    = []string{"198.51.100.7", "198.51.100.99", "203.0.113.77", "10.8.0.9", "192.0.2.55"}
	clients6    = []string{"2001:db8:7::7", "2001:db8:7::99", "2001:db8:1::77", "fd08::9", "2001:db8:55::1"}
	special4    = []string{"203.0.113.255", "224.0.0.251", "255.255.255.255", "127.0.0.1", "169.254.1.1"}
	special6    = []string{"ff02::fb", "::1", "ff05::2", "fe80::9"}
	prefixes4   = []string{"198.51.100.0/24", "198.51.100.0/26", "172.16.0.0/12", "172.17.0.0/16", "10.0.0.0/8", "203.0.113.0/24",
		"172.17.0.2/31", "0.0.0.0/0", "224.0.0.0/4", "127.0.0.0/8"}
	prefixes6 = []string{"2001:db8:7::/48", "2001:db8:7::/121", "fd17::/16", "fd17::/64", "fc00::/7", "2001:db8:1::/64",
		"fd17::2/127", "::/0", "ff00::/8", "fe80::/10"}
	interfaces = []string{"eno1", "docker0", "br-app", "wg0", "lo"}
	ports      = []string{"80", "443", "22", "53", "8080", "8123", "5432"}
	marks      = []string{"0x1", "0x2", "0x10", "0x0", "0x30"}
)

// address is a single address; prefix one or a network.
func (d draw) address() string {
	return d.byFamily(join(containers4, clients4, own4), join(containers6, clients6, own6))
}

func (d draw) prefix() string {
	return d.byFamily(join(prefixes4, containers4, clients4, own4), join(prefixes6, containers6, clients6, own6))
}

func (d draw) container() string { return d.byFamily(containers4, containers6) }

func (d draw) port() string { return d.of(ports...) }

// span is two of the list in order, joined.
func (d draw) span(joiner string, from ...string) string {
	i := rapid.IntRange(0, len(from)-2).Draw(d.t, "first")
	j := rapid.IntRange(i+1, len(from)-1).Draw(d.t, "last")
	return from[i] + joiner + from[j]
}

// portSpan is a range of ports.
func (d draw) portSpan(joiner string) string {
	return d.span(joiner, "22", "53", "80", "443", "5432", "8123", "41000")
}

// addressSpan is a range of addresses.
func (d draw) addressSpan(joiner string) string {
	if d.is4() {
		return d.span(joiner, "10.8.0.1", "172.17.0.1", "172.17.0.2", "172.17.0.3", "198.51.100.7", "198.51.100.99", "203.0.113.77")
	}
	return d.span(joiner, "2001:db8:1::10", "2001:db8:7::7", "2001:db8:7::99", "fd08::9", "fd17::2", "fd17::3", "fd18::2")
}

// list is several different words, joined.
func (d draw) list(joiner string, from ...string) string {
	return strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 4, rapid.ID[string]).Draw(d.t, "list"), joiner)
}

func join(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// words joins what is not empty by blanks.
func words(parts ...string) string {
	var filled []string
	for _, p := range parts {
		if p != "" {
			filled = append(filled, p)
		}
	}
	return strings.Join(filled, " ")
}

func line(b *strings.Builder, format string, a ...any) { fmt.Fprintf(b, format+"\n", a...) }
