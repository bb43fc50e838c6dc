package scenarios

import (
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// -p 7777:80: the rule names the port that clients dial; naming nginx:80 means the same.
func TestPublishedPortDiffersFromTheContainers(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.web("nginx", "7777:80")
		s.web("other", "7778:80")
		rules := []string{"allow 7777/tcp from any", "allow tcp from any to nginx:80", "allow 7777/tcp to nginx"}
		for _, rule := range rules {
			s.apply("ingress: [" + rule + "]\n")
			for _, from := range []*testbed.Station{s.bed.Office, s.bed.Internet} {
				s.expect(rule, open("nginx", s.both(from, "7777/tcp")...), refused(s.both(from, "7778/tcp")...))
			}
		}
		const inner = "allow 80/tcp from any"
		s.apply("ingress: [" + inner + "]\n")
		s.expect(inner, refused(s.both(s.bed.Internet, "7777/tcp")...))
	})
}

// -p 80: the engine chooses the host's port. A rule that names the container follows it.
func TestEphemeralPorts(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		web, other := s.web("web", "80"), s.web("other", "80")
		s.apply("ingress: [allow tcp from any to web:80]\n")
		check := func(moment string) {
			s.expect(moment, open("web", s.published(web)...), refused(s.published(other)...))
		}
		check("ports chosen by the engine")
		s.must(web.Stop(s.Context()))
		s.must(other.Stop(s.Context()))
		s.must(other.Start(s.Context()))
		s.must(web.Start(s.Context()))
		s.apply("ingress: [allow tcp from any to web:80]\n")
		check("after a restart that may have changed them")
	})
}

// published is the internet client dialling a container's port 80 by both families.
func (s *scene) published(c *testbed.Running) []dial {
	s.Helper()
	ipv4, ipv6, err := c.HostPorts(s.Context(), "80/tcp")
	s.must(err)
	return append(s.v4(s.bed.Internet, ipv4+"/tcp"), s.v6(s.bed.Internet, ipv6+"/tcp")...)
}

// Published on one address of the host: not there when dialled on another. And "at" narrows what is published on all.
func TestPublishedOnOneHostAddress(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		internet, annex := s.bed.Internet, s.bed.Annex
		s.web("single", testbed.HostIPv4+":8080:80")
		s.web("wide", "9090:80")
		check := s.untouched(tcp(internet, testbed.HostIPv4b+":8080"))
		s.apply("ingress: [allow 8080/tcp from any, allow 9090/tcp from any on eno1 at 203.0.113.10]\n")
		check("dialled on another address")
		s.expect("published on one address", open("single", tcp(internet, "203.0.113.10:8080")))
		s.expect("at 203.0.113.10", open("wide", tcp(internet, "203.0.113.10:9090")),
			refused(tcp(internet, "203.0.113.11:9090"), tcp(internet, "[2001:db8::10]:9090")))
		s.expect("on eno1", refused(tcp(annex, "203.0.113.10:9090")))
		s.expect("an address of eno1 reached by eno2", open("single", tcp(annex, "203.0.113.10:8080")))
		s.apply("ingress: []\n")
		s.expect("no rule", refused(tcp(internet, "203.0.113.10:8080"), tcp(annex, "203.0.113.10:8080"),
			tcp(internet, "203.0.113.10:9090")))
	})
}

// UDP, answered and refused, by DNAT and by docker-proxy.
func TestUDP(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.container(testbed.Container{Name: "dns", Listen: []string{"53/udp"}, Publish: []string{"53:53/udp", "54:53/udp"}})
		s.expect("without dockwall", open("dns", s.both(s.bed.Internet, "54/udp")...))
		s.apply("ingress: [allow 53/udp from any]\n")
		s.expect("one of two UDP ports is allowed", open("dns", s.both(s.bed.Internet, "53/udp")...),
			refused(s.both(s.bed.Internet, "54/udp")...))
	})
}

// A container's own label opens its port, to no more than the policy lets labels open.
func TestLabels(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp"}, Publish: []string{"8080:80", "8081:80"},
			Labels: map[string]string{"dockwall.allow": "8080/tcp from any"}})
		s.apply("sets: {office: [192.168.0.0/24]}\nlabels: {within: office}\n")
		s.expect("a label", open("web", tcp(s.bed.Office, "192.168.0.1:8080")),
			refused(tcp(s.bed.Office, "192.168.0.1:8081"), tcp(s.bed.Internet, "203.0.113.10:8080")))
		s.apply("ingress: []\n")
		s.expect("labels open nothing unless told", refused(tcp(s.bed.Office, "192.168.0.1:8080")))
	})
}
