package scenarios

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/dockwall/dockwall/internal/testbed"
)

// talkPolicy opens the port of the conversations that faults must not cut, and not the one that is dialled meanwhile. Its
// number makes it another policy.
func talkPolicy(number int) string {
	return fmt.Sprintf("ingress: [allow 9090/tcp from any, allow %d/tcp from 192.0.2.0/24]\n", 10000+number)
}

// company is what goes on at a host while something happens to it: clients dial a refused port, others talk.
type company struct {
	probes
	talks []*chat
}

// chat is a conversation that is allowed.
type chat struct {
	over      string
	exchanges int
	longest   time.Duration // an exchange took
	cut       error
}

func (t *chat) String() string {
	state := "never cut"
	if t.cut != nil {
		state = "cut: " + t.cut.Error()
	}
	return fmt.Sprintf("%s: %d exchanges, the longest %d ms, %s", t.over, t.exchanges, t.longest.Milliseconds(), state)
}

func (c company) String() string { return fmt.Sprint(c.probes, "; conversations over ", c.talks) }

// cuts is how many of the conversations were cut, perhaps without those that docker-proxy has.
func (c company) cuts(withoutProxy bool) (n int) {
	for _, t := range c.talks {
		if t.cut != nil && !(withoutProxy && t.over == "IPv6") {
			n++
		}
	}
	return n
}

// accompanied dials the refused port 8080 and talks to the allowed port 9090, over both families, while f runs.
func (s *scene) accompanied(f func() error) (c company) {
	s.Helper()
	ctx, stop := context.WithCancel(s.Context())
	var all sync.WaitGroup
	for over, address := range map[string]string{"IPv4": "203.0.113.10:9090", "IPv6": "[2001:db8::10]:9090"} {
		conversation, err := s.bed.Internet.Converse(s.Context(), "tcp", address)
		s.must(err)
		t := &chat{over: over}
		c.talks = append(c.talks, t)
		all.Go(func() { t.goOn(ctx, conversation) })
	}
	c.probes = s.probed(f)
	stop()
	all.Wait()
	return c
}

// goOn exchanges lines until it is cut or the context ends.
func (t *chat) goOn(ctx context.Context, c *testbed.Conversation) {
	defer c.Close()
	for ctx.Err() == nil && t.cut == nil {
		begun := time.Now()
		t.cut = c.Exchange(20 * time.Second)
		t.longest = max(t.longest, time.Since(begun))
		t.exchanges++
		time.Sleep(5 * time.Millisecond)
	}
}
