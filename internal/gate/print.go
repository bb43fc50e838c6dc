package gate

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/policy"
)

// Hash is 12 hexadecimal digits over everything in the gate but positions in files: gates of one hash enforce the same,
// in the same words.
func (g *Gate) Hash() string {
	const digits = 12
	sum := sha256.New()
	out := bufio.NewWriter(sum) // the whole text may be megabytes
	g.print(out)
	_ = out.Flush() // a hash takes everything
	return hex.EncodeToString(sum.Sum(nil)[:digits/2])
}

// String is the gate as text for people, without positions in files. Chains and sets are printed once.
func (g *Gate) String() string {
	var text strings.Builder
	g.print(&text)
	return text.String()
}

func (g *Gate) print(out io.Writer) {
	p := &printer{out: out, sets: map[string]AddressSet{}, chains: map[string]bool{}}
	p.printf("bridges: %s\nrefuse: %s\n", strings.Join(g.Bridges, " "), g.Refuse)
	p.family("ipv4", g.IPv4)
	p.family("ipv6", g.IPv6)
	p.printSets()
}

// printer prints one gate.
type printer struct {
	out    io.Writer
	sets   map[string]AddressSet // met so far, by ID
	chains map[string]bool       // printed so far, by ID
}

func (p *printer) printf(format string, arguments ...any) { fmt.Fprintf(p.out, format, arguments...) }

func (p *printer) family(name string, f Family) {
	p.dispatch(name+" ingress", f.Ingress)
	p.dispatch(name+" local", f.Local)
	p.dispatch(name+" egress", f.Egress)
}

func (p *printer) dispatch(name string, d Dispatch) {
	p.printf("\n%s, otherwise %s\n", name, d.Default)
	for _, s := range d.Segments {
		p.chain(portsText(s), s.Chain)
	}
	if d.Echo != nil {
		p.chain("echo", d.Echo)
	}
	if d.Other != nil {
		p.chain("all other", d.Other)
	}
}

// portsText is the ports of a segment as rules write them.
func portsText(s Segment) string {
	return policy.PortSet{Protocol: s.Protocol, Ranges: []policy.PortRange{{First: s.First, Last: s.Last}}}.String()
}

func (p *printer) chain(of string, c *Chain) {
	p.printf("  %s: chain %s", of, c.ID)
	for _, a := range c.Scope {
		p.printf(" at %s", a)
	}
	p.printf("\n")
	if p.chains[c.ID] {
		return
	}
	p.chains[c.ID] = true
	for i := range c.Lines {
		p.line(&c.Lines[i])
	}
}

func (p *printer) line(l *Line) {
	p.printf("    %s", l.Action)
	p.set("client", l.Client)
	p.set("dialled", l.Dialled)
	p.set("answering", l.Answering)
	if l.AnsweringPort != 0 {
		p.printf(" answering port %d", l.AnsweringPort)
	}
	if l.Interface != "" {
		p.printf(" on %s", l.Interface)
	}
	if l.Log {
		p.printf(" log")
	}
	if len(l.Members) == 0 {
		p.printf(" | %s #%s", l.Rule.Sentence, l.Rule.Hash)
	}
	p.printf("\n")
	for _, m := range l.Members {
		p.printf("      %s | %s #%s\n", m.Range, m.Rule.Sentence, m.Rule.Hash)
	}
}

func (p *printer) set(role string, s AddressSet) {
	if !s.Any() {
		p.sets[s.ID] = s
		p.printf(" %s %s.%s", role, s.Name, s.ID)
	}
}

func (p *printer) printSets() {
	p.printf("\nsets\n")
	byName := func(a, b AddressSet) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) }
	for _, s := range slices.SortedFunc(maps.Values(p.sets), byName) {
		p.printf("  %s.%s:", s.Name, s.ID)
		for _, r := range s.Ranges {
			p.printf(" %s", rangeText(r))
		}
		p.printf("\n")
	}
}

func rangeText(r netipx.IPRange) string {
	if r.From() == r.To() {
		return r.From().String()
	}
	if prefix, ok := r.Prefix(); ok {
		return prefix.String()
	}
	return r.String()
}
