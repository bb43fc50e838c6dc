package host

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rules are the firewall rules of a host as its own tools print them, and the settings beside them.
type Rules struct {
	IPTables        string            `json:"iptables,omitempty"` // iptables-nft-save -c
	IP6Tables       string            `json:"ip6tables,omitempty"`
	IPTablesLegacy  string            `json:"iptables_legacy,omitempty"` // iptables-legacy-save -c
	IP6TablesLegacy string            `json:"ip6tables_legacy,omitempty"`
	NftText         string            `json:"nft,omitempty"`      // nft list ruleset
	NftJSON         string            `json:"nft_json,omitempty"` // nft -j list ruleset
	IPSet           string            `json:"ipset,omitempty"`    // ipset save
	Sysctls         map[string]string `json:"sysctls,omitempty"`
	Listeners       []Listener        `json:"listeners,omitempty"`
	Routing         *Routing          `json:"routing,omitempty"` // nil: not known, as in snapshots of older versions
	Missing         map[string]string `json:"missing,omitempty"` // field's tool -> why its text is not there or not whole
}

// capture is one tool and the field that takes what it prints.
type capture struct {
	tool   string
	args   []string
	legacy string // the kernel's list of legacy tables; "" for tools that need none
	into   *string
}

// readRules asks every tool. A tool that is not there or fails is told in Missing.
func readRules(ctx context.Context, ls listeners) Rules {
	counted := []string{"-c"}
	r := Rules{Sysctls: readSysctls(), Listeners: ls, Missing: map[string]string{}}
	for _, c := range []capture{
		{tool: "iptables-nft-save", args: counted, into: &r.IPTables},
		{tool: "ip6tables-nft-save", args: counted, into: &r.IP6Tables},
		{tool: "iptables-legacy-save", args: counted, legacy: "ip_tables_names", into: &r.IPTablesLegacy},
		{tool: "ip6tables-legacy-save", args: counted, legacy: "ip6_tables_names", into: &r.IP6TablesLegacy},
		{tool: "nft", args: []string{"list", "ruleset"}, into: &r.NftText},
		{tool: "nft", args: []string{"-j", "list", "ruleset"}, into: &r.NftJSON},
		{tool: "ipset", args: []string{"save"}, into: &r.IPSet},
	} {
		if c.legacy != "" && !hasLegacyTables(c.legacy) {
			continue // nothing to save, which is not missing
		}
		text, err := output(ctx, c.tool, c.args...)
		if err != nil {
			r.Missing[c.tool] = err.Error()
		}
		*c.into = text
	}
	var err error
	if r.Routing, err = readRouting(); err != nil {
		r.Missing["ip rule"] = err.Error()
	}
	r.noteUnread()
	return r
}

// noteUnread tells of tables that iptables-nft-save prints in part or not at all, with exit status 0, because something
// in them was not made by iptables.
func (r *Rules) noteUnread() {
	for tool, save := range map[string]struct{ text, family string }{
		"iptables-nft-save": {r.IPTables, "ip"}, "ip6tables-nft-save": {r.IP6Tables, "ip6"},
	} {
		if tables := unreadTables(r.NftText, save.family, save.text); len(tables) > 0 && r.Missing[tool] == "" {
			r.Missing[tool] = fmt.Sprintf("it does not print all of table %s %s, where something was not made by iptables; "+
				"the nft ruleset has it", save.family, strings.Join(tables, ", "))
		}
	}
}

var (
	iptablesTable = regexp.MustCompile(`(?m)^table (ip6?) (filter|nat|mangle|raw|security) \{`)
	unreadTable   = regexp.MustCompile("(?m)^# Table `([a-z]+)' .*use 'nft' tool")
)

// unreadTables are the tables of which a save says that it leaves something out, and those that only nft prints.
func unreadTables(nft, family, save string) []string {
	var unread []string
	for _, match := range unreadTable.FindAllStringSubmatch(save, -1) {
		unread = append(unread, match[1])
	}
	for _, match := range iptablesTable.FindAllStringSubmatch(nft, -1) {
		if match[1] == family && !strings.Contains(save, "\n*"+match[2]+"\n") && !slices.Contains(unread, match[2]) {
			unread = append(unread, match[2])
		}
	}
	return unread
}
