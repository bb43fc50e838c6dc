package audit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
)

// TestWays: each way to a container has its own row.
func TestWays(t *testing.T) {
	for _, c := range []struct {
		way     Way
		save    string
		machine func(*netfilter.Machine)
		host    func(*host.Host)
		want    string
	}{
		{DNAT, save(""), nil, nil, "7777/tcp → 8123 172.17.0.4: any IPv4 DNAT"},
		{Proxy, save("", closed), nil, proxied, "7777/tcp → 8123 172.17.0.4: any IPv6 docker-proxy"},
		{Direct, save(""), nil, nil, "8123/tcp 172.17.0.4: any IPv4 direct routing"},
		{ForeignDNAT, save(""), nil, unpublish, "7777/tcp 8123/tcp 172.17.0.4: any IPv4 a translation that is not Docker's"},
		{Mesh, mesh(""), nil, inSwarm, "8080/tcp → 80 web: any IPv4 swarm mesh"},
		{Mesh, mesh("-A DOCKER-USER -i eno1 -j DROP"), nil, inSwarm, "8080/tcp → 80 web: any IPv4 swarm mesh tailscale0"},
		{Mesh, mesh("-A DOCKER-USER ! -i docker_gwbridge -j DROP"), nil, inSwarm, "8080/tcp → 80 web: nobody"},
		{HostOwn, save(""), listening("0.0.0.0:9999", "127.0.0.1:25"), agent, "9999/tcp agent: any IPv4 host network"},
		{HostOwn, save(""), listening("[::]:9999"), agent, "9999/tcp agent: any IPv4, IPv6 host network"},
		{HostOwn, save("", "-A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 9999 -j DROP"), listening("0.0.0.0:9999"), agent,
			"9999/tcp agent: 10.0.0.0/8 IPv4 host network"},
		{HostOwn, redirected, listening("0.0.0.0:9999"), agent, "9999/tcp agent: 10.0.0.0/8 IPv4 host network"},
		{HostOwn, save("", "-A INPUT -p tcp -j DROP"), listening("0.0.0.0:9999"), agent, "9999/tcp agent: nobody"},
		{MACVLAN, save(""), nil, besideHost("macvlan"), "all ports printer: whoever reaches the link of macvlan network lan  macvlan"},
		{IPVLAN, save(""), nil, besideHost("ipvlan"), "all ports printer: whoever reaches the link of ipvlan network lan  ipvlan"},
	} {
		m := capture.IPTablesSave(c.save, "")
		h := Infer(m)
		if c.machine != nil {
			c.machine(m)
		}
		if c.host != nil {
			c.host(h)
		}
		report, err := Run(t.Context(), Input{Machine: m, Host: h})
		if err != nil {
			t.Fatal(err)
		}
		if rows := rowsOf(report); !slices.ContainsFunc(rows, func(r string) bool { return r == c.want || r == c.want+" everywhere" }) {
			t.Errorf("%s: want %s, got\n%s", c.way, c.want, strings.Join(rows, "\n"))
		}
	}
}

// rowsOf are the rows of a report's first table.
func rowsOf(r *Report) []string {
	var rows []string
	for _, e := range r.Exposed {
		for _, cells := range e.rows(r.Interfaces) {
			rows = append(rows, strings.TrimRight(fmt.Sprintf("%s %s: %s", e.port(), e.Name, strings.Join(cells, " ")), " "))
		}
	}
	return rows
}

// mesh is the rules of an engine in a swarm, with one in DOCKER-USER: DOCKER-INGRESS leads to the ingress sandbox.
func mesh(user string) string {
	ingress := "-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080\n-A DOCKER-INGRESS -j RETURN\n"
	text := strings.NewReplacer("docker0", "docker_gwbridge", "172.17.0", "172.18.0", "-A DOCKER ! -i docker_gwbridge -p tcp -m tcp --dport 7777 -j DNAT --to-destination 172.18.0.4:8123\n", "",
		"-A PREROUTING", ":DOCKER-INGRESS - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS\n-A PREROUTING").Replace(save("", user))
	text = strings.Replace(text, "-A DOCKER ! -i docker_gwbridge -p tcp -m tcp --dport 7777 -j DNAT --to-destination 172.18.0.4:8123\n", "", 1)
	text = strings.Replace(text, "-A FORWARD -o docker_gwbridge -j DOCKER\n", "-A FORWARD -o docker_gwbridge -p tcp -m tcp --dport 8080 -j ACCEPT\n", 1)
	return strings.TrimSuffix(text, "COMMIT\n") + ingress + "COMMIT\n"
}

func inSwarm(h *host.Host) {
	h.Services = []host.Service{{Name: "web", Protocol: host.TCP, HostPort: 8080, ContainerPort: 80}}
	h.Containers = nil
	h.Networks = []host.Network{{ID: "2b3", Name: "docker_gwbridge", Driver: "bridge", Bridge: "docker_gwbridge",
		Subnets: []netip.Prefix{netip.MustParsePrefix("172.18.0.0/16")}}}
}

// redirected is a save where the port of the host's program is only reached through a REDIRECT of another.
var redirected = strings.Replace(save("", "-A INPUT -p tcp -m conntrack ! --ctstate DNAT -j DROP"), "-A DOCKER !",
	"-A PREROUTING -s 10.0.0.0/8 -p tcp -m tcp --dport 99 -j REDIRECT --to-ports 9999\n-A DOCKER !", 1)

// TestManyDeadRules: too many rules of one kind are one finding, which says how many, which, and why of the first few.
func TestManyDeadRules(t *testing.T) {
	for _, n := range []int{many, many + 1, 300} {
		rules := []string{"-A DOCKER-USER -p tcp -m tcp --dport 8123 -j RETURN", "-A DOCKER-USER -j DROP"}
		for i := range n {
			rules = append(rules, fmt.Sprintf("-A DOCKER-USER -s 10.0.%d.%d/32 -p tcp -m tcp --dport 8123 -j ACCEPT", i/256, i%256))
		}
		m := capture.IPTablesSave(save("", rules...), "")
		report, err := Run(t.Context(), Input{Machine: m, Host: Infer(m)})
		if err != nil {
			t.Fatal(err)
		}
		dead := slices.DeleteFunc(report.Findings, func(f Finding) bool { return f.Kind != DeadRule })
		if n <= many {
			if len(dead) != n || dead[0].Count != 0 {
				t.Errorf("%d dead rules: %d findings", n, len(dead))
			}
			continue
		}
		f := dead[0]
		want := fmt.Sprintf("filter DOCKER-USER (IPv4): %d of its rules: 3-%d", n, n+2)
		if len(dead) != 1 || f.Subject+": "+f.Message != want || f.Count != n || len(f.Lines) != n || len(f.Evidence.Trace) != few+1 {
			t.Errorf("%d dead rules: %d findings, the first is %+v", n, len(dead), f)
		}
		golden(t, "many.txt", strings.Join(f.Evidence.Trace[:few], "\n")+"\n")
		if s := f.sarif("rules.txt"); s.Occurrences != n || len(s.Related) != many || s.Locations[0].Physical.Region.StartLine != f.Lines[0] {
			t.Errorf("SARIF has %d occurrences and %d places", s.Occurrences, len(s.Related))
		}
	}
}
