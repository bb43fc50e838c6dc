package scenarios

import (
	"slices"
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// dropsDirectRouting tells of the engines that refuse packets routed straight to a container by themselves (from 28).
func (s *scene) dropsDirectRouting() bool { return s.suite == "forky" }

// From the same link straight to a container's address, to ports that are published and to ones that are not. The port
// of a rule is then the container's own.
func TestDirectRouting(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		web := s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp", "81/tcp", "53/udp"},
			Publish: []string{"8080:80"}})
		address := s.address(web, "bridge")
		published, unpublished := tcp(s.bed.Neighbour, address+":80"), tcp(s.bed.Neighbour, address+":81")
		datagrams := udp(s.bed.Neighbour, address+":53")
		if !s.dropsDirectRouting() {
			s.expect("without dockwall", open("web", published, unpublished, datagrams))
		}
		check := s.untouched(published, unpublished, datagrams)
		s.apply("ingress: [allow 8080/tcp from any]\n")
		s.expect("the published port's rule", closed(published, unpublished, datagrams))
		s.apply("ingress: [allow 80/tcp from 203.0.113.20]\n")
		if s.dropsDirectRouting() {
			s.expect("a rule for the container's port: Docker's own refusal stands", closed(published, unpublished))
		} else {
			s.expect("a rule for the container's port", open("web", published), closed(unpublished, datagrams),
				closed(tcp(s.bed.Office, address+":80")))
		}
		s.reset()
		check("after reset")
	})
}

// ICMP echo: to a container's address it is refused unless a rule allows it; to the host, and from containers to
// outside, it is never touched.
func TestEcho(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		web := s.web("web", "8080:80")
		toContainer := ping(s.bed.Neighbour, s.address(web, "bridge"))
		others := []dial{ping(s.bed.Neighbour, testbed.HostIPv4), ping(s.bed.Neighbour, testbed.HostIPv6),
			ping(web.Station, testbed.InternetIPv4), ping(web.Station, testbed.HostIPv4),
			ping(s.bed.Internet, testbed.AnnexIPv4), ping(s.bed.Internet, testbed.AnnexIPv6)}
		if !s.dropsDirectRouting() {
			s.expect("without dockwall", open("", toContainer))
		}
		s.expect("without dockwall", open("", others...))
		s.apply("ingress: [allow tcp, allow udp]\n")
		s.expect("tcp and udp allowed", closed(toContainer), open("", others...))
		s.apply("ingress: [allow icmp from 203.0.113.0/24]\n")
		if !s.dropsDirectRouting() {
			s.expect("icmp allowed", open("", toContainer))
		}
		s.expect("icmp allowed to some", closed(ping(s.bed.Office, s.address(web, "bridge"))), open("", others...))
	})
}

// A port published on the host's 127.0.0.1, dialled from the link by a client that routes 127.0.0.1 to the host: open
// on Docker up to 27, and no rule opens it with dockwall. From the host itself it stays open.
func TestPublishedOnLoopback(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.routeLoopbackToHost()
		s.knowTheNeighbour()
		s.web("local", "127.0.0.1:8080:80")
		attack := tcp(s.bed.Neighbour, "127.0.0.1:8080")
		if !s.dropsDirectRouting() {
			s.expect("without dockwall", open("local", attack))
		}
		s.apply("ingress: [allow all from any]\n")
		s.expect("everything allowed", closed(attack))
		s.expect("from the host", open("local", tcp(s.bed.Host, "127.0.0.1:8080")))
	})
}

// routeLoopbackToHost makes the neighbour's own 127.0.0.1 the Docker host's, until the end of the run.
func (s *scene) routeLoopbackToHost() {
	s.Helper()
	run := func(command ...string) {
		_, err := s.bed.Neighbour.Run(background, command[0], command[1:]...)
		s.must(err)
	}
	steps := [][2][]string{
		{{"sysctl", "-q", "net.ipv4.conf.all.route_localnet=1"}, {"sysctl", "-q", "net.ipv4.conf.all.route_localnet=0"}},
		{{"ip", "address", "del", "127.0.0.1/8", "dev", "lo"}, {"ip", "address", "add", "127.0.0.1/8", "dev", "lo"}},
		{{"ip", "route", "add", "127.0.0.1/32", "via", testbed.HostIPv4}, {"ip", "route", "del", "127.0.0.1/32"}},
	}
	for _, step := range steps {
		run(step[0]...)
	}
	s.Cleanup(func() {
		for _, step := range slices.Backward(steps) {
			run(step[1]...)
		}
	})
}

// knowTheNeighbour has the host keep the neighbour's link address, until the end of the run. What goes out from
// 127.0.0.1 it would ask for with ARP from 127.0.0.1, and it drops the answer to that (arp_process in net/ipv4/arp.c): an
// attacker who wants the replies announces itself, and so does this.
func (s *scene) knowTheNeighbour() {
	s.Helper()
	s.expect("the neighbour announces itself", open("", ping(s.bed.Neighbour, testbed.HostIPv4)))
	run := func(arguments ...string) {
		_, err := s.bed.Host.Run(background, "ip", append([]string{"neighbour"}, arguments...)...)
		s.must(err)
	}
	run("change", testbed.NeighbourIPv4, "dev", "eno1", "nud", "permanent")
	s.Cleanup(func() { run("del", testbed.NeighbourIPv4, "dev", "eno1") })
}
