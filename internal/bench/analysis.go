package bench

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/dockwall/dockwall/internal/audit"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/netfilter/nft"
	"github.com/dockwall/dockwall/internal/netfilter/xtables"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/nftables"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/verify"
	"github.com/dockwall/dockwall/internal/walk"
)

// Analysis times what explains a host: parsing, one packet, all packets. The sizes are those of large hosts: 10,000 rules
// and 500 publications, and 100,000 rules to parse.
func Analysis(ctx context.Context, out io.Writer) error {
	fmt.Fprint(out, "\nReading and explaining rules\n\n")
	for _, m := range []struct {
		name string
		run  func(ctx context.Context) (string, error)
	}{
		{"parse an iptables-save of 100,000 rules", parseLarge},
		{"one packet through 10,000 rules in DOCKER-USER", walkList},
		{"one packet through dockwall's table of 10,000 rules", walkDispatch},
		{"audit of 10,000 rules and 500 publications", auditLarge},
		{"audit of a firewall of 5,000 rules and 2 publications", auditFirewall},
		{"audit of the same 5,000 rules in DOCKER-USER", auditUserChain},
		{"verify of a policy of 10,000 rules and 500 publications", verifyLarge},
	} {
		figure, err := m.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(out, "%-58s %s\n", m.name, figure)
	}
	return nil
}

// timed is how long something took, in words.
func timed(do func()) string {
	begin := time.Now()
	do()
	return time.Since(begin).Round(time.Millisecond).String()
}

func parseLarge(context.Context) (string, error) {
	text := dockerSave(2, 100_000)
	rules := 0
	took := timed(func() {
		tables, _ := xtables.Parse(text, netfilter.IPv4, netfilter.XtablesNFT, nil)
		for _, t := range tables {
			for _, c := range t.Chains {
				rules += len(c.Rules)
			}
		}
	})
	if rules < 100_000 {
		return "", fmt.Errorf("only %d rules were read", rules)
	}
	return took, nil
}

// walkList follows a packet that the last of all rules decides about.
func walkList(context.Context) (string, error) {
	m := capture.IPTablesSave(dockerSave(2, 10_000), "")
	place(m, inventory())
	return perPacket(m, walk.Rejected)
}

// walkDispatch follows a packet that dockwall's table lets through, with the table as the kernel lists it.
func walkDispatch(ctx context.Context) (string, error) {
	m, err := installed(ctx, policyText(10_000), inventory())
	if err != nil {
		return "", err
	}
	place(m, inventory())
	return perPacket(m, walk.Forwarded)
}

// place gives a machine the links, addresses and routes of a host, which forwards.
func place(m *netfilter.Machine, h *host.Host) {
	m.Interfaces, m.Routes = h.Interfaces, nil
	for _, i := range h.Interfaces {
		for _, a := range i.Addresses {
			m.Routes = append(m.Routes, host.Route{Destination: a.Masked(), Interface: i.Name})
		}
	}
	m.Sysctls = map[string]string{"net.ipv4.ip_forward": "1"}
}

// perPacket is the time that one packet to the published port takes, after the walk was made ready.
func perPacket(m *netfilter.Machine, want walk.EndKind) (string, error) {
	w := walk.New(m)
	question := walk.Question{Packet: netfilter.Packet{In: "eno1", Source: netip.MustParseAddr(clientAddress),
		Destination: netip.MustParseAddr(hostAddress), Protocol: 6, SourcePort: 40000, DestinationPort: port}}
	if end := w.Decide(&question); end.Kind != want {
		return "", fmt.Errorf("the packet is %s (%s), want %s", end.Kind, end.With, want)
	}
	const packets = 2000
	begin := time.Now()
	for range packets {
		w.Decide(&question)
	}
	return fmt.Sprintf("%d ns", time.Since(begin).Nanoseconds()/packets), nil
}

func auditLarge(ctx context.Context) (string, error) {
	return auditOf(ctx, capture.IPTablesSave(dockerSave(500, 10_000), ""))
}

func auditFirewall(ctx context.Context) (string, error) {
	return auditOf(ctx, capture.IPTablesSave(firewallSave(5_000, "FORWARD"), ""))
}

// auditUserChain also asks of each rule whether those before it leave it anything.
func auditUserChain(ctx context.Context) (string, error) {
	return auditOf(ctx, capture.IPTablesSave(firewallSave(5_000, "DOCKER-USER"), ""))
}

func auditOf(ctx context.Context, m *netfilter.Machine) (string, error) {
	var report *audit.Report
	var err error
	took := timed(func() { report, err = audit.Run(ctx, audit.Input{Machine: m, Host: audit.Infer(m)}) })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s (%d findings)", took, len(report.Findings)), nil
}

func verifyLarge(ctx context.Context) (string, error) {
	h := manyContainers(500)
	p, problems := policy.Parse("policy.yaml", []byte(policyText(10_000)))
	if err := problems.Err(); err != nil {
		return "", err
	}
	m, err := installed(ctx, policyText(10_000), h)
	if err != nil {
		return "", err
	}
	place(m, h)
	var result *verify.Result
	took := timed(func() { result, err = verify.Check(ctx, p, h, m) })
	if err != nil {
		return "", err
	}
	if !result.Proven() {
		return "", fmt.Errorf("not proven: %d packets differ", len(result.Wrong))
	}
	return fmt.Sprintf("%s (%d classes of packets)", took, result.Classes), nil
}

// installed is the machine of a namespace in which a policy was put in force, its rules as nft lists them.
func installed(ctx context.Context, text string, h *host.Host) (*netfilter.Machine, error) {
	p, problems := policy.Parse("policy.yaml", []byte(text))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	g, err := gate.Compile(p, h)
	if err != nil {
		return nil, err
	}
	n, err := netlab.New()
	if err != nil {
		return nil, err
	}
	defer n.Close()
	if err := n.Do(func() error { return install(ctx, nftables.New(nftables.Options{}), g) }); err != nil {
		return nil, err
	}
	listing, err := n.Run(ctx, "", "nft", "-j", "list", "ruleset")
	if err != nil {
		return nil, err
	}
	tables, unread := nft.Parse([]byte(listing))
	save, _ := xtables.Parse(dockerSave(len(h.Containers), 0), netfilter.IPv4, netfilter.XtablesNFT, nil)
	return &netfilter.Machine{Rules: &netfilter.Ruleset{Tables: append(save, tables...), Unread: unread}}, nil
}
