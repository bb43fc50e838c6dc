package walk

import (
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// settings are what the kernel's settings come to for packets that arrive by one interface.
type settings struct {
	forwards      bool // IN_DEV_FORWARD, of IPv4
	routeLocalnet bool // IN_DEV_ROUTE_LOCALNET
	acceptLocal   bool // IN_DEV_ACCEPT_LOCAL
	reverseFilter int  // IN_DEV_RPFILTER: 0 off, 1 strict, 2 loose
}

// readSettings reads the settings of each interface; of those that are not known, under "", what holds for all.
func (w *Walker) readSettings() {
	w.settings = map[string]settings{"": w.settingsOf("")}
	for name := range w.links {
		w.settings[name] = w.settingsOf(name)
	}
	w.forwards6 = w.sysctl("net.ipv6.conf.all.forwarding") != 0
	w.bridged = [2]bool{w.sysctl("net.bridge.bridge-nf-call-iptables") != 0, w.sysctl("net.bridge.bridge-nf-call-ip6tables") != 0}
}

// settingsOf puts together what is set for all interfaces and for one. sysctl writes a dot in an interface's name as a slash.
func (w *Walker) settingsOf(name string) settings {
	one := "net.ipv4.conf." + strings.ReplaceAll(name, ".", "/") + "."
	both := func(setting string) int { return max(w.sysctl("net.ipv4.conf.all."+setting), w.sysctl(one+setting)) }
	s := settings{forwards: w.sysctl("net.ipv4.ip_forward") != 0, routeLocalnet: both("route_localnet") != 0,
		acceptLocal: both("accept_local") != 0, reverseFilter: both("rp_filter")}
	if _, known := w.machine.Sysctls[one+"forwarding"]; known {
		s.forwards = w.sysctl(one+"forwarding") != 0
	}
	return s
}

// sysctl is a setting's number, 0 where it is not known.
func (w *Walker) sysctl(name string) int {
	n, err := strconv.Atoi(w.machine.Sysctls[name])
	if err != nil {
		return 0
	}
	return n
}

func (w *Walker) of(name string) settings {
	if s, known := w.settings[name]; known {
		return s
	}
	return w.settings[""]
}

// forwards tells whether packets that come in there may be forwarded. IPv6 asks only the setting for all interfaces
// (ip6_forward).
func (w *Walker) forwards(f netfilter.Family, in string) bool {
	if f == netfilter.IPv6 {
		return w.forwards6
	}
	return w.of(in).forwards
}
