package scenarios

import (
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// reset leaves Docker's own state and everybody else's rules byte for byte as they were, whatever was applied before.
func TestResetLeavesEverythingElse(t *testing.T) {
	for _, p := range []profile{plain, bare, dual} {
		t.Run(p.name, func(t *testing.T) { everywhere(t, p, (*scene).resetLeavesEverythingElse) })
	}
}

func (s *scene) resetLeavesEverythingElse() {
	s.network(testbed.Network{Name: "twin", Subnets: []string{"172.31.6.0/24", "fd31:6::/64"}})
	s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp", "53/udp"},
		Publish: []string{"8080:80", "53:53/udp"}, Networks: []string{"twin"}})
	s.web("db", "5432:80")
	iptables := "iptables-nft"
	if s.profile.legacy {
		iptables = "iptables-legacy"
	}
	mine := []string{"DOCKER-USER", "-s", "192.0.2.66", "-m", "comment", "--comment", "not dockwall's", "-j", "DROP"}
	s.must(run(iptables, append([]string{"-I"}, mine...)...)(s))
	s.Cleanup(func() { s.must(run(iptables, append([]string{"-D"}, mine...)...)(s)) })
	before := s.rules()
	const everything = `
ingress: [allow tcp from any to web, deny all from list]
egress: [deny 25/tcp]
sets: {list: [192.0.2.0/24, "2001:db8:bad::/48"]}
`
	for _, policy := range []string{"ingress: []\n", recipe, everything} {
		s.apply(policy)
		s.appliedForGood()
	}
	s.reset()
	s.sameRules("after reset", before)
	s.reset()
	s.sameRules("after a second reset", before)
}

// appliedForGood looks whether dockwall finds in the kernel what it has just put there, and a second apply of the same
// policy writes nothing: not even the time of the last change, which status shows, is another.
func (s *scene) appliedForGood() {
	s.Helper()
	s.succeed("status")
	before := s.rules()
	s.succeed("plan")
	s.succeed("apply", "--yes")
	s.sameRules("after a second apply", before)
}
