package scenarios

import (
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// IPv6 to a container without IPv6: docker-proxy serves it, and no FORWARD rule sees it. Global and link-local.
func TestIPv6ToIPv4OnlyContainer(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp", "53/udp"},
			Publish: []string{"8080:80", "53:53/udp"}})
		clients := []*testbed.Station{s.bed.Office, s.bed.Neighbour, s.bed.Internet}
		for _, from := range clients {
			s.expect("without dockwall", open("web", s.v6(from, "8080/tcp")...), open("web", s.v6(from, "53/udp")...))
		}
		s.apply("ingress: []\n")
		for _, from := range clients {
			s.expect("no rule", refused(s.v6(from, "8080/tcp")...), refused(s.v6(from, "53/udp")...))
		}
		s.apply("ingress: ['allow 8080/tcp 53/udp from 2001:db8::7,fe80::20 to web']\n")
		s.expect("two IPv6 clients", open("web", tcp(s.bed.Office, "[2001:db8::10]:8080"),
			udp(s.bed.Office, "[2001:db8::10]:53"), tcp(s.bed.Neighbour, "[fe80::10%eth0]:8080")),
			refused(tcp(s.bed.Office, "[fe80::10%eth0]:8080"), tcp(s.bed.Neighbour, "[2001:db8::10]:8080"),
				udp(s.bed.Neighbour, "[2001:db8::10]:53")), refused(s.both(s.bed.Internet, "8080/tcp")...))
	})
}

// Dual stack: Docker's own IPv6 DNAT, on the default bridge and on a network; link-local clients (which Docker serves
// from 28 on, by docker-proxy) and direct routing too.
func TestDualStack(t *testing.T) {
	everywhere(t, dual, func(s *scene) {
		s.network(testbed.Network{Name: "twin", Subnets: []string{"172.31.4.0/24", "fd31:4::/64"}})
		web := s.web("web", "8080:80")
		s.container(testbed.Container{Name: "db", Listen: []string{"80/tcp"}, Publish: []string{"5432:80"},
			Networks: []string{"twin"}, IPv4: "172.31.4.80", IPv6: "fd31:4::80"})
		s.serve(s.bed.Internet, "remote", "443/tcp", "5432/tcp")
		clients := []*testbed.Station{s.bed.Router, s.bed.Internet}
		for _, from := range clients {
			s.expect("without dockwall", open("web", s.both(from, "8080/tcp")...), open("db", s.both(from, "5432/tcp")...))
		}
		linkLocal := s.untouched(tcp(s.bed.Office, "[fe80::10%eth0]:8080"))
		s.apply("ingress: [allow 8080/tcp from any, 'allow 5432/tcp from 2001:db8::7 to db:80']\n")
		for _, from := range clients {
			s.expect("allowed to all", open("web", s.both(from, "8080/tcp")...))
		}
		linkLocal("allowed to all")
		s.expect("allowed to one address", open("db", tcp(s.bed.Office, "[2001:db8::10]:5432")),
			refused(s.v4(s.bed.Office, "5432/tcp")...), refused(s.both(s.bed.Internet, "5432/tcp")...),
			closed(tcp(s.bed.Office, "[fe80::10%eth0]:5432")))
		s.expect("straight to its addresses", closed(tcp(s.bed.Neighbour, "[fd31:4::80]:80"),
			tcp(s.bed.Neighbour, "172.31.4.80:80")))
		s.expect("out", open("remote", tcp(web.Station, "[2001:db8:51::7]:443"), tcp(web.Station, "198.51.100.7:443"),
			tcp(web.Station, "[2001:db8:51::7]:5432")))
	})
}

// A network with IPv6 that Docker does not filter at all (ip6tables off, the default to 26): dockwall does.
func TestUnfilteredIPv6Network(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.network(testbed.Network{Name: "global", Subnets: []string{"172.31.5.0/24", "2001:db8:5::/64"}})
		s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp", "22/tcp"}, Publish: []string{"8080:80"},
			Networks: []string{"global"}, IPv6: "2001:db8:5::80"})
		if s.suite != "forky" { // from 27 on Docker filters IPv6 by itself
			s.expect("without dockwall", open("web", tcp(s.bed.Neighbour, "[2001:db8:5::80]:22")))
		}
		s.apply("ingress: []\n")
		s.expect("no rule", closed(tcp(s.bed.Neighbour, "[2001:db8:5::80]:22"), tcp(s.bed.Neighbour, "[2001:db8:5::80]:80")),
			refused(s.both(s.bed.Internet, "8080/tcp")...))
	})
}
