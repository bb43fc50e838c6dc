package scenarios

import (
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// shop is a Compose project: its containers are named by project and service.
func shop(service string, networks []string, publish ...string) testbed.Container {
	return testbed.Container{Name: "shop-" + service + "-1", Listen: []string{"80/tcp", "53/udp"}, Publish: publish,
		Networks: networks, Labels: map[string]string{
			"com.docker.compose.project": "shop", "com.docker.compose.service": service,
			"com.docker.compose.container-number": "1"}}
}

// User-defined and Compose networks: refused and allowed like docker0; their containers go out, and talk to each other.
func TestComposeProject(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.serve(s.bed.Internet, "remote", "443/tcp")
		s.network(testbed.Network{Name: "shop_default", Labels: map[string]string{"com.docker.compose.project": "shop"}})
		on := []string{"shop_default"}
		web := s.container(shop("web", on, "8080:80"))
		db := s.container(shop("db", on, "5432:80"))
		s.apply("ingress: [allow 8080/tcp from any to shop/web]\n")
		s.expect("a service's port", open("shop-web-1", s.both(s.bed.Internet, "8080/tcp")...),
			refused(s.both(s.bed.Internet, "5432/tcp")...))
		s.expect("out of a user-defined network", open("remote", tcp(web.Station, "198.51.100.7:443")))
		s.expect("within the network", open("shop-db-1", tcp(web.Station, s.address(db, "shop_default")+":80"),
			udp(web.Station, s.address(db, "shop_default")+":53")))
		s.apply("ingress: [allow tcp from any to network:shop_default]\n")
		s.expect("network:shop_default", open("shop-web-1", s.both(s.bed.Internet, "8080/tcp")...),
			open("shop-db-1", s.both(s.bed.Internet, "5432/tcp")...))
	})
}

// A container on several networks, one of them with a bridge of its own naming: one rule covers all its ways.
func TestSeveralNetworksAndCustomBridges(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		front := testbed.Network{Name: "front", Subnets: []string{"172.31.1.0/24"},
			Options: map[string]string{"com.docker.network.bridge.name": "shop0"}}
		s.network(front)
		s.network(testbed.Network{Name: "rear", Subnets: []string{"172.31.2.0/24"}})
		web := s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp"}, Publish: []string{"8080:80"},
			Networks: []string{"front", "rear"}, IPv4: "172.31.1.80"})
		peer := s.container(testbed.Container{Name: "peer", Listen: []string{"80/tcp"}, Publish: []string{"8081:80"},
			Networks: []string{"rear"}})
		s.container(testbed.Container{Name: "sidecar", Listen: []string{"81/tcp"}, Networks: []string{"container:web"}})
		s.expect("without dockwall", open("web", s.both(s.bed.Internet, "8080/tcp")...))
		s.apply("ingress: [allow 8080/tcp to web]\n")
		s.expect("a container on two networks", open("web", s.both(s.bed.Internet, "8080/tcp")...),
			refused(s.both(s.bed.Internet, "8081/tcp")...))
		s.apply("ingress: [allow 8081/tcp from any]\n")
		s.expect("a custom bridge's container is refused", refused(s.both(s.bed.Internet, "8080/tcp")...),
			open("peer", s.both(s.bed.Internet, "8081/tcp")...))
		s.expect("straight to its addresses", closed(tcp(s.bed.Neighbour, "172.31.1.80:80"),
			tcp(s.bed.Neighbour, "172.31.1.80:81")))
		s.expect("between containers", open("web", tcp(peer.Station, s.address(web, "rear")+":80")),
			open("sidecar", tcp(peer.Station, s.address(web, "rear")+":81")))
	})
}

// ICC off: containers of the network stay apart, whatever the policy allows; their published ports obey it.
func TestInterContainerCommunicationOff(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.network(testbed.Network{Name: "apart", Options: map[string]string{"com.docker.network.bridge.enable_icc": "false"}})
		web := s.container(shop("web", []string{"apart"}, "8080:80"))
		db := s.container(shop("db", []string{"apart"}, "5432:80"))
		inside := s.address(db, "apart")
		check := s.untouched(tcp(web.Station, inside+":80"), udp(web.Station, inside+":53"))
		s.apply("ingress: [allow 8080/tcp from any]\n")
		check("within a network with ICC off")
		s.expect("published on it", open("shop-web-1", s.both(s.bed.Internet, "8080/tcp")...),
			refused(s.both(s.bed.Internet, "5432/tcp")...))
		s.apply("ingress: [allow all from any]\n")
		check("everything allowed")
	})
}

// Internal networks: an allow never opens what Docker isolates.
func TestInternalNetwork(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.serve(s.bed.Internet, "remote", "443/tcp")
		s.network(testbed.Network{Name: "vault", Subnets: []string{"172.31.3.0/24"}, Internal: true})
		secret := s.container(testbed.Container{Name: "secret", Listen: []string{"80/tcp"}, Networks: []string{"vault"},
			IPv4: "172.31.3.80"})
		friend := s.container(testbed.Container{Name: "friend", Networks: []string{"vault"}})
		s.apply("ingress: [allow all from any]\n")
		s.expect("from the link", closed(tcp(s.bed.Neighbour, "172.31.3.80:80")))
		s.expect("from inside to the world", closed(tcp(secret.Station, "198.51.100.7:443")))
		s.expect("within", open("secret", tcp(friend.Station, "172.31.3.80:80")))
	})
}
