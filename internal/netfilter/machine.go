package netfilter

import "github.com/dockwall/dockwall/internal/host"

// Machine is a host as packets meet it: its rules, and all else that decides where they go.
type Machine struct {
	Rules      *Ruleset
	Interfaces []host.Interface
	Routes     []host.Route  // unicast ones of the main table
	Routing    *host.Routing // rules, other tables and other types of routes; nil: not known
	Listeners  []host.Listener
	Sysctls    map[string]string // "net.ipv4.ip_forward" -> "1"
	// Missing are sentences about what is not known of the host and what is taken for granted instead. With a bare
	// iptables-save nearly everything is missing.
	Missing []string
}
