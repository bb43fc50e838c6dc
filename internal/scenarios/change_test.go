package scenarios

import (
	"testing"

	"github.com/moby/moby/client"

	"github.com/dockwall/dockwall/internal/testbed"
)

// A container is replaced by another that gets its old address: the rule that named the first opens nothing of the
// second, at once where it is published otherwise, and with the next apply in any case.
func TestAnotherContainerGetsTheOldAddress(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		const policy = "ingress: [allow tcp from any to first:80]\n"
		first := s.web("first", "8080:80")
		s.apply(policy)
		s.expect("the container that is named", open("first", s.both(s.bed.Internet, "8080/tcp")...))
		old := s.address(first, "bridge")
		s.must(first.Remove(s.Context()))
		second := s.container(testbed.Container{Name: "second", Listen: []string{"80/tcp", "81/tcp"},
			Publish: []string{"8081:80", "8082:81"}})
		if now := s.address(second, "bridge"); now != old {
			s.Fatalf("the scenario needs the engine to give %s again, it gave %s", old, now)
		}
		s.expect("another with its address, before dockwall knows", refused(s.v4(s.bed.Internet, "8081/tcp")...),
			refused(s.v4(s.bed.Internet, "8082/tcp")...))
		s.apply(policy)
		s.expect("another with its address", refused(s.both(s.bed.Internet, "8081/tcp")...),
			refused(s.both(s.bed.Internet, "8082/tcp")...))
		s.must(second.Remove(s.Context()))
		s.web("third", "8080:80")
		s.apply(policy)
		s.expect("another with its address and its port", refused(s.both(s.bed.Internet, "8080/tcp")...))
	})
}

// A restart changes a container's address: a rule that names it is closed until the next apply, never open for another,
// and follows then. A rule that names only the port does not notice.
func TestRestartChangesTheAddress(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		const policy = "ingress: [allow 8080/tcp to web, allow 8081/tcp]\n"
		web, api := s.web("web", "8080:80"), s.web("api", "8081:80")
		s.apply(policy)
		old := s.address(web, "bridge")
		s.must(api.Stop(s.Context()))
		s.must(web.Stop(s.Context()))
		s.web("squatter", "8082:80")
		s.must(api.Start(s.Context()))
		s.must(web.Start(s.Context()))
		if now := s.address(web, "bridge"); now == old {
			s.Fatalf("the scenario needs web's address to change; it still is %s", now)
		}
		s.expect("before dockwall knows", refused(s.v4(s.bed.Internet, "8080/tcp")...),
			open("api", s.both(s.bed.Internet, "8081/tcp")...), refused(s.v4(s.bed.Internet, "8082/tcp")...))
		s.apply(policy)
		s.expect("after the next apply", open("web", s.both(s.bed.Internet, "8080/tcp")...),
			open("api", s.both(s.bed.Internet, "8081/tcp")...), refused(s.both(s.bed.Internet, "8082/tcp")...))
	})
}

// A rename moves a container out of one rule and into another.
func TestRename(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		const policy = "ingress: [allow 8080/tcp from 192.168.0.7 to blue, allow 8080/tcp from 198.51.100.7 to green]\n"
		web := s.web("blue", "8080:80")
		s.apply(policy)
		s.expect("blue", open("blue", s.v4(s.bed.Office, "8080/tcp")...), refused(s.v4(s.bed.Internet, "8080/tcp")...))
		_, err := s.bed.Engine.Client.ContainerRename(s.Context(), web.ID, client.ContainerRenameOptions{NewName: "green"})
		s.must(err)
		s.apply(policy)
		s.expect("green", open("blue", s.v4(s.bed.Internet, "8080/tcp")...), refused(s.v4(s.bed.Office, "8080/tcp")...))
	})
}

// A container started after the last apply: what is forwarded to it is refused at once, docker-proxy's way (which
// shares its hook with the host's own services) with the next apply.
func TestContainerStartedAfterApply(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.apply("ingress: []\n")
		web := s.web("late", "8080:80")
		s.expect("at once", refused(s.v4(s.bed.Internet, "8080/tcp")...),
			closed(tcp(s.bed.Neighbour, s.address(web, "bridge")+":80")))
		s.apply("ingress: []\n")
		s.expect("with the next apply", refused(s.both(s.bed.Internet, "8080/tcp")...))
	})
}
