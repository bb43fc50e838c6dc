package iptables

import (
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/host"
)

// findPorts follows the dispatch from the chains where a protocol is asked for.
func (l *lister) findPorts() {
	for _, name := range sortedNames(l.saved.chains) {
		for _, r := range l.saved.chains[name] {
			w := parseRule(r.text)
			p, ok := protocolOf(w)
			if !ok {
				continue
			}
			if p == host.ICMP {
				l.reach(w.target(), backend.Ports{Protocol: p})
			} else if strings.HasPrefix(w.target(), chainPrefix+"ports-") {
				l.follow(w.target(), p)
			}
		}
	}
	for _, ports := range l.ports {
		slices.SortFunc(ports, comparePorts)
	}
}

// protocolOf is the protocol that a rule of a dispatch asks for.
func protocolOf(w words) (host.Protocol, bool) {
	switch w.after("-p") {
	case "tcp":
		return host.TCP, true
	case "udp":
		return host.UDP, true
	case "sctp":
		return host.SCTP, true
	case "icmp", "ipv6-icmp":
		return host.ICMP, w.after("--icmp-type") == "8" || w.after("--icmpv6-type") == "128"
	}
	return 0, false
}

// follow goes through a node of a port tree.
func (l *lister) follow(node string, p host.Protocol) {
	for _, r := range l.saved.chains[node] {
		w := parseRule(r.text)
		first, last, ok := w.ports()
		if !ok {
			continue
		}
		if strings.HasPrefix(w.target(), chainPrefix+"ports-") {
			l.follow(w.target(), p)
		} else {
			l.reach(w.target(), backend.Ports{Protocol: p, First: first, Last: last})
		}
	}
}

// reach notes that ports lead to a leaf, perhaps through the chain that narrows it to addresses of the host.
func (l *lister) reach(chain string, ports backend.Ports) {
	if strings.HasPrefix(chain, chainPrefix+"scope-") && len(l.saved.chains[chain]) > 0 {
		chain = parseRule(l.saved.chains[chain][0].text).target()
	}
	if _, ok := wayOf(chain); ok && !slices.Contains(l.ports[chain], ports) {
		l.ports[chain] = append(l.ports[chain], ports)
	}
}
