// Package whose tells which program made a chain or an interface, by the names that programs give to theirs. A name is a
// hint for people and nothing is decided by it.
package whose

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Dockwall is what dockwall's own chains are said to be.
const Dockwall = "dockwall"

// owners are programs known by what their tables and chains are called. The first that fits counts.
var owners = []struct {
	table, chain string // beginnings, "" fits all; a table's counts for nft's own tables only
	owner        string
}{
	{"dockwall", "", Dockwall},
	{"", "DOCKWALL", Dockwall},
	{"", "DOCKER-USER", ""}, // for the host's owner
	{"", "DOCKER", "Docker"},
	{"docker-bridges", "", "Docker"},
	{"", "ufw", "ufw"},
	{"firewalld", "", "firewalld"},
	{"", "ts-", "Tailscale"},
	{"", "f2b-", "fail2ban"},
	{"f2b-table", "", "fail2ban"},
	{"", "LIBVIRT_", "libvirt"},
	{"libvirt", "", "libvirt"},
	{"", "KUBE-", "Kubernetes"},
	{"", "cali-", "Calico"},
	{"", "FLANNEL-", "flannel"},
	{"", "CNI-", "CNI"},
	{"", "NETAVARK", "Podman"},
	{"netavark", "", "Podman"},
	{"", "CROWDSEC", "CrowdSec"},
	{"crowdsec", "", "CrowdSec"},
	{"", "sshguard", "sshguard"},
	{"sshguard", "", "sshguard"},
	{"lxc", "", "LXC"},
	{"lxd", "", "LXD"},
	{"incus", "", "Incus"},
}

// Chain is the program that made a chain, as far as its name tells; "" where it does not.
func Chain(c *netfilter.Chain) string {
	for _, o := range owners {
		if o.table != "" && c.Table.Origin != netfilter.Native {
			continue
		}
		if strings.HasPrefix(c.Table.Name, o.table) && strings.HasPrefix(c.Name, o.chain) {
			return o.owner
		}
	}
	return ""
}

// DockerBridge tells whether an interface is named as Docker names its bridges.
func DockerBridge(name string) bool {
	return name == "docker0" || name == "docker_gwbridge" || strings.HasPrefix(name, "br-")
}
