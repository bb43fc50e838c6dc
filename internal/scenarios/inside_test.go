package scenarios

import (
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// Hairpin, and a container that dials a port that another network's container publishes: as without dockwall.
func TestBetweenContainers(t *testing.T) {
	everywhere(t, plain, (*scene).betweenContainers)
}

// The same without docker-proxy, where Docker does it all by NAT.
func TestBetweenContainersWithoutProxy(t *testing.T) {
	everywhere(t, bare, (*scene).betweenContainers)
}

func (s *scene) betweenContainers() {
	s.network(testbed.Network{Name: "left"})
	s.network(testbed.Network{Name: "right"})
	listen := []string{"80/tcp", "53/udp"}
	one := s.container(testbed.Container{Name: "one", Listen: listen, Publish: []string{"8080:80", "53:53/udp"},
		Networks: []string{"left"}})
	sibling := s.container(testbed.Container{Name: "sibling", Networks: []string{"left"}})
	other := s.container(testbed.Container{Name: "other", Networks: []string{"right"}})
	var dials []dial
	for _, from := range []*testbed.Station{one.Station, sibling.Station, other.Station, s.bed.Host} {
		dials = append(dials, tcp(from, testbed.HostIPv4+":8080"), tcp(from, testbed.HostOffice+":8080"),
			udp(from, testbed.HostIPv4+":53"))
	}
	dials = append(dials, tcp(s.bed.Host, "127.0.0.1:8080"), tcp(s.bed.Host, "[::1]:8080"),
		tcp(sibling.Station, s.address(one, "left")+":80"), tcp(other.Station, s.address(one, "left")+":80"))
	s.expect("a sibling through the host", open("one", tcp(sibling.Station, testbed.HostIPv4+":8080")))
	check := s.untouched(dials...)
	s.apply("ingress: []\n")
	s.expect("from outside", refused(s.v4(s.bed.Internet, "8080/tcp")...))
	check("between containers")
}

// userland-proxy=false: IPv4 obeys the policy; IPv6, which nothing serves then, and the host's own way in stay.
func TestUserlandProxyOff(t *testing.T) {
	everywhere(t, bare, func(s *scene) {
		s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp", "53/udp"},
			Publish: []string{"8080:80", "8081:80", "53:53/udp"}})
		others := append(s.v6(s.bed.Internet, "8080/tcp"), s.v6(s.bed.Office, "8081/tcp")...)
		others = append(others, tcp(s.bed.Host, "127.0.0.1:8081"), tcp(s.bed.Host, testbed.HostIPv4+":8081"))
		check := s.untouched(others...)
		s.apply("ingress: [allow 8080/tcp from office]\nsets: {office: [192.168.0.0/24]}\n")
		s.expect("allowed to the office", open("web", s.v4(s.bed.Office, "8080/tcp")...),
			refused(s.v4(s.bed.Internet, "8080/tcp")...))
		s.expect("no rule", refused(s.v4(s.bed.Office, "8081/tcp")...), refused(s.v4(s.bed.Office, "53/udp")...))
		check("userland-proxy=false")
	})
}

// Containers reach a remote port whose number is denied here: the published flow and the outgoing one have the same
// destination port, and only one of them is ingress.
func TestRemotePortWhoseNumberIsDeniedHere(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		clickhouse := s.container(testbed.Container{Name: "clickhouse", Listen: []string{"8123/tcp", "8123/udp"},
			Publish: []string{"8123:8123", "8123:8123/udp"}})
		s.serve(s.bed.Internet, "remote", "8123/tcp", "8123/udp")
		s.apply("ingress: [deny 8123/tcp 8123/udp]\n")
		s.expect("in", refused(s.both(s.bed.Internet, "8123/tcp")...), refused(s.v4(s.bed.Internet, "8123/udp")...))
		s.expect("out", open("remote", tcp(clickhouse.Station, "198.51.100.7:8123"),
			udp(clickhouse.Station, "198.51.100.7:8123")))
	})
}

// Egress rules: what a policy denies to containers, or allows only to one of them.
func TestEgress(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		web, db := s.web("web"), s.web("db")
		s.serve(s.bed.Internet, "remote", "443/tcp", "25/tcp")
		s.apply("egress: [deny 25/tcp, deny all from db]\n")
		s.expect("denied port", refused(tcp(web.Station, "198.51.100.7:25")))
		s.expect("other port", open("remote", tcp(web.Station, "198.51.100.7:443")))
		s.expect("denied container", refused(tcp(db.Station, "198.51.100.7:443")))
		s.expect("the host itself", open("remote", tcp(s.bed.Host, "198.51.100.7:25")))
		s.apply("egress: [allow 443/tcp from web to 198.51.100.0/24]\ndefaults: {egress: deny}\n")
		s.expect("allowed container", open("remote", tcp(web.Station, "198.51.100.7:443")))
		s.expect("everything else", refused(tcp(web.Station, "198.51.100.7:25"), tcp(db.Station, "198.51.100.7:443")))
	})
}

// --network host, the host's own services, and forwarding between two links: untouched.
func TestWhatIsNotDockers(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.container(testbed.Container{Name: "onhost", Listen: []string{"9000/tcp", "9000/udp"}, Networks: []string{"host"}})
		s.web("web", "8080:80")
		s.serve(s.bed.Host, "sshd", "22/tcp", "123/udp")
		s.serve(s.bed.Annex, "behind", "80/tcp", "8080/tcp", "53/udp")
		s.serve(s.bed.Internet, "remote", "8080/tcp", "53/udp")
		var dials []dial
		for _, from := range []*testbed.Station{s.bed.Office, s.bed.Neighbour, s.bed.Annex} {
			for _, port := range []string{"9000/tcp", "22/tcp", "123/udp", "1234/tcp"} {
				dials = append(dials, s.both(from, port)...)
			}
		}
		for _, port := range []string{":80", ":8080"} {
			dials = append(dials, tcp(s.bed.Office, testbed.AnnexIPv4+port), tcp(s.bed.Internet, testbed.AnnexIPv4+port),
				tcp(s.bed.Neighbour, "["+testbed.AnnexIPv6+"]"+port), tcp(s.bed.Internet, "["+testbed.AnnexIPv6+"]"+port))
		}
		dials = append(dials, udp(s.bed.Office, testbed.AnnexIPv4+":53"), tcp(s.bed.Annex, testbed.InternetIPv4+":8080"),
			udp(s.bed.Annex, testbed.InternetIPv4+":53"), tcp(s.bed.Host, testbed.AnnexIPv4+":80"))
		check := s.untouched(dials...)
		s.apply("ingress: [deny all]\n")
		s.expect("a container", refused(s.both(s.bed.Internet, "8080/tcp")...))
		check("what is not Docker's")
	})
}
