package watch

import (
	"context"
	"fmt"
	"strings"

	"github.com/mdlayher/netlink"
	"github.com/ti-mo/netfilter"
	"golang.org/x/sys/unix"
)

// nftablesGroup is NFNLGRP_NFTABLES of linux/netfilter/nfnetlink.h.
const nftablesGroup = 7

// Rules wakes when a transaction of nf_tables, which includes those of iptables in its nft variant, touched what dockwall
// installs or what it hangs on: its own table, its chains under iptables, and the chains that lead there.
func Rules(ctx context.Context, wake Wake) error {
	var t transaction
	return multicast(ctx, unix.NETLINK_NETFILTER, []uint32{nftablesGroup}, func(m netlink.Message) {
		if cause := t.read(m); cause != "" {
			wake(cause)
		}
	}, func() { wake("more rules changed than could be followed") })
}

// transaction is what one transaction has touched so far. The kernel tells of its parts first, and then, in a message
// about the new generation, who made it (nf_tables_commit in net/netfilter/nf_tables_api.c).
type transaction struct{ touched string }

// read takes a part of a transaction in, and gives the cause to wake at its end: "" if it touched nothing of interest.
func (t *transaction) read(m netlink.Message) string {
	header, attributes, err := netfilter.UnmarshalNetlink(m)
	if err != nil {
		return "a change of the rules that was not understood"
	}
	if header.MessageType == unix.NFT_MSG_NEWGEN {
		defer func() { t.touched = "" }()
		if t.touched == "" {
			return ""
		}
		return t.touched + " was changed" + by(attributes)
	}
	if t.touched == "" {
		t.touched = touched(header, attributes)
	}
	return ""
}

// touched names what of interest a message is about, "" for all else.
func touched(header netfilter.Header, attributes []netfilter.Attribute) string {
	const table, ruleChain, chainName = 1, 2, 3 // NFTA_*_TABLE (everywhere 1), NFTA_RULE_CHAIN, NFTA_CHAIN_NAME
	name := text(attributes, table)
	if name == "dockwall" && header.Family == unix.NFPROTO_INET {
		return "the table inet dockwall"
	}
	if name != "filter" || header.Family != unix.NFPROTO_IPV4 && header.Family != unix.NFPROTO_IPV6 {
		return ""
	}
	chain := ""
	switch header.MessageType {
	case unix.NFT_MSG_NEWRULE, unix.NFT_MSG_DELRULE:
		chain = text(attributes, ruleChain)
	case unix.NFT_MSG_NEWCHAIN, unix.NFT_MSG_DELCHAIN:
		chain = text(attributes, chainName)
	case unix.NFT_MSG_DELTABLE:
		return "the table filter"
	}
	if leadsToUs(chain) {
		return fmt.Sprintf("the chain %s", chain)
	}
	return ""
}

// leadsToUs tells whether a chain of iptables' filter tables is dockwall's, or holds a jump to one.
func leadsToUs(chain string) bool {
	switch chain {
	case "DOCKER-USER", "FORWARD", "INPUT", "OUTPUT":
		return true
	}
	return strings.HasPrefix(chain, "DOCKWALL-")
}

// by is who made a transaction: " by nft (process 123)". The name is a program's own word, so it is quoted.
func by(attributes []netfilter.Attribute) string {
	process := uint32(0)
	for _, a := range attributes {
		if a.Type == unix.NFTA_GEN_PROC_PID && len(a.Data) == 4 {
			process = a.Uint32()
		}
	}
	if name := text(attributes, unix.NFTA_GEN_PROC_NAME); name != "" {
		return fmt.Sprintf(" by %q (process %d)", name, process)
	}
	return ""
}

// text is a string attribute without its final zero.
func text(attributes []netfilter.Attribute, kind uint16) string {
	for _, a := range attributes {
		if a.Type == kind {
			return strings.TrimRight(string(a.Data), "\x00")
		}
	}
	return ""
}
