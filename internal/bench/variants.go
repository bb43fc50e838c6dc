package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/nftables"
	"github.com/dockwall/dockwall/internal/policy"
)

// A variant is one way to say "these rules, and nothing else" on a host.
type variant struct {
	name    string
	install func(ctx context.Context, w *world, rules int) error
}

var variants = []variant{
	{"no rules", func(context.Context, *world, int) error { return nil }},
	{"recipe", installRecipe},
	{"nftables", func(ctx context.Context, w *world, rules int) error {
		return installGate(ctx, w, nftables.New(nftables.Options{}), rules)
	}},
	{"iptables", func(ctx context.Context, w *world, rules int) error {
		return installGate(ctx, w, iptables.New(iptables.Options{Variant: "nft"}), rules)
	}},
}

// policyText is a policy of so many allow rules, all of different ports and different sources. The one that lets the
// client in is the last, where a list has it worst.
func policyText(rules int) string {
	var b strings.Builder
	b.WriteString("version: 1\ningress:\n")
	for i := range rules - 1 {
		fmt.Fprintf(&b, "  - allow %d/tcp from 10.%d.%d.0/24\n", 10001+i, i/250, i%250)
	}
	fmt.Fprintf(&b, "  - allow %d/tcp %d/udp from 192.168.0.0/24\n", port, port)
	return b.String()
}

// manySourcesText is a policy of so many allow rules for the one published port, each from another address.
func manySourcesText(rules int) string {
	var b strings.Builder
	b.WriteString("version: 1\ningress:\n")
	for i := range rules - 1 {
		fmt.Fprintf(&b, "  - allow %d/udp from 10.%d.%d.1\n", port, i/250, i%250)
	}
	fmt.Fprintf(&b, "  - allow %d/tcp %d/udp from 192.168.0.0/24\n", port, port)
	return b.String()
}

func compile(text string) (*gate.Gate, error) {
	p, problems := policy.Parse("policy.yaml", []byte(text))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return gate.Compile(p, inventory())
}

func installGate(ctx context.Context, w *world, b backend.Backend, rules int) error {
	g, err := compile(policyText(rules))
	if err != nil {
		return err
	}
	return w.host.Do(func() error { return install(ctx, b, g) })
}

func install(ctx context.Context, b backend.Backend, g *gate.Gate) error {
	installed, err := b.Read(ctx)
	if err != nil {
		return err
	}
	change, err := b.Change(g, installed)
	if err != nil {
		return err
	}
	return b.Apply(ctx, change)
}

// installRecipe is the hand-made script's chain with the same rules, loaded in one restore.
func installRecipe(ctx context.Context, w *world, rules int) error {
	var b strings.Builder
	b.WriteString("*filter\n-F DOCKER-USER\n-A DOCKER-USER -i docker0 -j RETURN\n" +
		"-A DOCKER-USER -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n")
	for i := range rules - 1 {
		fmt.Fprintf(&b, "-A DOCKER-USER -o docker0 -s 10.%d.%d.0/24 -p tcp --dport %d -j RETURN\n", i/250, i%250, 10001+i)
	}
	fmt.Fprintf(&b, "-A DOCKER-USER -o docker0 -s 192.168.0.0/24 -p tcp --dport %d -j RETURN\n", port)
	fmt.Fprintf(&b, "-A DOCKER-USER -o docker0 -s 192.168.0.0/24 -p udp --dport %d -j RETURN\n", port)
	b.WriteString("-A DOCKER-USER -j REJECT\nCOMMIT\n")
	_, err := w.host.Run(ctx, b.String(), "iptables-nft-restore", "--noflush")
	return err
}
