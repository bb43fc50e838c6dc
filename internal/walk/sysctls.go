package walk

import (
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// sysctl is a setting's number, 0 where it is not known.
func (w *Walker) sysctl(name string) int {
	n, err := strconv.Atoi(w.machine.Sysctls[name])
	if err != nil {
		return 0
	}
	return n
}

// perInterface is a setting of one interface. sysctl writes a dot in an interface's name as a slash.
func (w *Walker) perInterface(before, name, after string) int {
	return w.sysctl(before + strings.ReplaceAll(name, ".", "/") + after)
}

// either is IN_DEV_ORCONF: a setting of IPv4 that is on for all interfaces or for this one.
func (w *Walker) either(setting, name string) bool {
	return w.sysctl("net.ipv4.conf.all."+setting) != 0 || w.perInterface("net.ipv4.conf.", name, "."+setting) != 0
}

// forwards tells whether packets that come in there may be forwarded: IN_DEV_FORWARD for IPv4; IPv6 asks only the setting
// for all interfaces (ip6_forward).
func (w *Walker) forwards(f netfilter.Family, in string) bool {
	if f == netfilter.IPv6 {
		return w.sysctl("net.ipv6.conf.all.forwarding") != 0
	}
	if _, known := w.machine.Sysctls["net.ipv4.conf."+strings.ReplaceAll(in, ".", "/")+".forwarding"]; known {
		return w.perInterface("net.ipv4.conf.", in, ".forwarding") != 0
	}
	return w.sysctl("net.ipv4.ip_forward") != 0
}

// bridgeCalls tells whether bridged packets meet the IP hooks.
func (w *Walker) bridgeCalls(f netfilter.Family) bool {
	if f == netfilter.IPv6 {
		return w.sysctl("net.bridge.bridge-nf-call-ip6tables") != 0
	}
	return w.sysctl("net.bridge.bridge-nf-call-iptables") != 0
}
