package host

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sysctlPatterns are the settings that decide about forwarded and local packets, below /proc/sys.
var sysctlPatterns = []string{
	"net/ipv4/ip_forward",
	"net/ipv4/conf/*/forwarding",
	"net/ipv4/conf/*/route_localnet",
	"net/ipv4/conf/*/rp_filter",
	"net/ipv6/conf/*/forwarding",
	"net/bridge/bridge-nf-call-iptables",
	"net/bridge/bridge-nf-call-ip6tables",
}

// readSysctls reads them by their names as sysctl prints them ("net.ipv4.conf.eth0/5.forwarding" for interface eth0.5).
func readSysctls() map[string]string {
	root := os.DirFS("/proc/sys")
	values := map[string]string{}
	for _, pattern := range sysctlPatterns {
		paths, _ := fs.Glob(root, pattern) // only a bad pattern is an error
		for _, path := range paths {
			if value, err := os.ReadFile(filepath.Join("/proc/sys", path)); err == nil {
				values[sysctlName(path)] = strings.TrimSpace(string(value))
			}
		}
	}
	return values
}

func sysctlName(path string) string {
	return strings.NewReplacer("/", ".", ".", "/").Replace(path)
}
