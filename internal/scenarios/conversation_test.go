package scenarios

import (
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/testbed"
)

// talk is an open conversation with the way that it was opened by.
type talk struct {
	dial
	*testbed.Conversation
}

// talks opens a conversation for each dial, until the end of the run.
func (s *scene) talks(dials ...dial) []talk {
	s.Helper()
	var all []talk
	for _, d := range dials {
		conversation, err := d.from.Converse(s.Context(), d.network, d.address)
		s.must(err)
		s.Cleanup(func() { conversation.Close() })
		all = append(all, talk{d, conversation})
	}
	return all
}

// longEnough is how long a cut conversation is waited for: many times what an answer takes here.
const longEnough = time.Second

// Open TCP and UDP conversations, over DNAT and over docker-proxy: when their rule is removed, the next packet of
// either side is refused. Those that another rule allows go on.
func TestConversationsAreCut(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp", "53/udp"},
			Publish: []string{"8080:80", "5353:53/udp"}})
		dialsOf := func(from *testbed.Station) []dial {
			return append(s.both(from, "8080/tcp"), s.both(from, "5353/udp")...)
		}
		s.apply(`ingress:
  - allow 8080/tcp 5353/udp from internet  # removed below
  - allow 8080/tcp 5353/udp from office
sets:
  internet: [198.51.100.0/24, "2001:db8:51::/64"]
  office: [192.168.0.0/24, "2001:db8::7", "fe80::7"]
`)
		asked, told := s.talks(dialsOf(s.bed.Internet)...), s.talks(dialsOf(s.bed.Internet)...)
		kept := s.talks(dialsOf(s.bed.Office)...)
		for _, c := range told {
			s.must(c.Push(5*time.Millisecond, 10_000))
			s.must(c.Hear(longEnough))
		}
		s.succeed("remove", "allow", "8080/tcp", "5353/udp", "from", "internet", "--apply", "--yes")
		for _, c := range asked {
			if err := c.Exchange(longEnough); err == nil {
				s.Errorf("%s: the conversation goes on", c.dial)
			} else {
				s.Logf("%s: cut: %v", c.dial, err)
			}
		}
		s.deaf(told)
		for _, c := range kept {
			if err := c.Exchange(5 * time.Second); err != nil {
				s.Errorf("%s: an allowed conversation was cut: %v", c.dial, err)
			}
		}
	})
}

// deaf fails for each conversation whose server, which talks alone, is still heard.
func (s *scene) deaf(told []talk) {
	s.Helper()
	for _, c := range told {
		err := c.Drain()
		if err == nil {
			err = c.Hear(longEnough)
		}
		if err == nil {
			s.Errorf("%s: the server is still heard", c.dial)
		} else {
			s.Logf("%s: the server talks on and is not heard: %v", c.dial, err)
		}
	}
}

// A new apply that changes other rules does not disturb a conversation, nor does one that changes nothing.
func TestApplyLeavesConversationsAlone(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.container(testbed.Container{Name: "web", Listen: []string{"80/tcp", "53/udp"},
			Publish: []string{"8080:80", "5353:53/udp"}})
		open := s.talks(append(s.both(s.bed.Internet, "8080/tcp"), s.both(s.bed.Internet, "5353/udp")...)...)
		for _, policy := range []string{
			"ingress: [allow 8080/tcp, allow 5353/udp]\n",
			"ingress: [allow 8080/tcp, allow 5353/udp, allow 22/tcp]\n",
			"ingress: [allow 8080/tcp, allow 5353/udp, allow 22/tcp]\n",
			"ingress: [allow all, deny all from 192.0.2.0/24]\n",
		} {
			s.apply(policy)
			for _, c := range open {
				if err := c.Exchange(5 * time.Second); err != nil {
					s.Errorf("after %s: %s: %v", policy, c.dial, err)
				}
			}
		}
		s.reset()
		for _, c := range open {
			if err := c.Exchange(5 * time.Second); err != nil {
				s.Errorf("after reset: %s: %v", c.dial, err)
			}
		}
	})
}
