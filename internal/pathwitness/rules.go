package pathwitness

import (
	"context"
	"fmt"
	"strings"

	"github.com/vishvananda/netlink"
)

// Rules are a host's rules as texts for the tools that load them; "": nothing of that tool.
type Rules struct {
	IPSet   string `json:"ipset,omitempty"`    // ipset restore
	Legacy4 string `json:"legacy_4,omitempty"` // iptables-legacy-restore
	Legacy6 string `json:"legacy_6,omitempty"`
	NFT4    string `json:"nft_4,omitempty"` // iptables-nft-restore
	NFT6    string `json:"nft_6,omitempty"`
	Native  string `json:"native,omitempty"` // nft -f
}

// observer is the table around all others; see the package's documentation.
const observer = `
table inet pathwitness {
 chain prerouting {
  type filter hook prerouting priority -500
  meta nftrace set 1
 }
 chain output {
  type filter hook output priority -500
  meta nftrace set 1
  meta priority != 0:7777 drop
 }
 chain input {
  type filter hook input priority 1000
  meta nftrace set 1
 }
 chain postrouting {
  type filter hook postrouting priority 1000
  meta nftrace set 1
 }
}
`

// empty is a legacy table without rules.
var emptyLegacy = map[string]string{
	"raw":      "*raw\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n",
	"mangle":   "*mangle\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n",
	"nat":      "*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n",
	"filter":   "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n",
	"security": "*security\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n",
}

// load puts rules in the place of those that were there, and forgets all conversations. Where a tool refuses its text
// the error is a *refusal.
func (l *Lab) load(ctx context.Context, r *Rules) error {
	l.fresh = nil
	if err := l.reset(ctx); err != nil {
		return err
	}
	l.sets = r.IPSet != ""
	for _, one := range []struct {
		text *string
		tool []string
	}{
		{&r.IPSet, []string{"ipset", "restore", "-exist"}},
		{&r.Legacy4, []string{"iptables-legacy-restore", "-w"}}, {&r.Legacy6, []string{"ip6tables-legacy-restore", "-w"}},
		{&r.NFT4, []string{"iptables-nft-restore"}}, {&r.NFT6, []string{"ip6tables-nft-restore"}},
		{&r.Native, []string{"nft", "-f", "-"}},
	} {
		if *one.text == "" {
			continue
		}
		if _, err := l.Host.Run(ctx, *one.text, one.tool[0], one.tool[1:]...); err != nil {
			return &refusal{one.text, err}
		}
	}
	if _, err := l.Host.Run(ctx, observer, "nft", "-f", "-"); err != nil {
		return err
	}
	as := *r
	l.fresh = &as
	return nil
}

// ensure loads rules, unless they were loaded and no packet has met them yet.
func (l *Lab) ensure(ctx context.Context, r *Rules) error {
	if l.fresh == nil || *l.fresh != *r {
		if err := l.load(ctx, r); err != nil {
			return err
		}
	}
	l.fresh = nil
	return nil
}

func (l *Lab) reset(ctx context.Context) error {
	if _, err := l.Host.Run(ctx, "", "nft", "flush", "ruleset"); err != nil {
		return err
	}
	if l.legacy {
		var all strings.Builder
		for _, table := range emptyLegacy {
			all.WriteString(table)
		}
		for _, tool := range []string{"iptables-legacy-restore", "ip6tables-legacy-restore"} {
			if _, err := l.Host.Run(ctx, all.String(), tool, "-w"); err != nil {
				return err
			}
		}
	}
	if l.sets {
		// Flushed first, because a list of sets holds its members.
		if _, err := l.Host.Run(ctx, "flush\ndestroy\n", "ipset", "restore"); err != nil {
			return err
		}
		l.sets = false
	}
	return l.forget()
}

// forget flushes conntrack.
func (l *Lab) forget() error {
	return l.Host.Do(func() error {
		if err := netlink.ConntrackTableFlush(netlink.ConntrackTable); err != nil {
			return fmt.Errorf("forgetting conversations: %w", err)
		}
		return nil
	})
}
