package scenarios

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/dockwall/dockwall/internal/testbed"
)

// background is for what must happen even where a test's own context has ended.
var background = context.Background()

// dial is a client and what it dials.
type dial struct {
	from    *testbed.Station
	network string
	address string
}

func (d dial) String() string { return fmt.Sprintf("%s → %s %s", d.from.Name, d.network, d.address) }

func tcp(from *testbed.Station, address string) dial { return dial{from, "tcp", address} }
func udp(from *testbed.Station, address string) dial { return dial{from, "udp", address} }

// ping asks an address for an ICMP echo. Whoever answers says no name.
func ping(from *testbed.Station, address string) dial { return dial{from, "icmp", address} }

func (d dial) answer(ctx context.Context) testbed.Answer {
	if d.network == "icmp" {
		return d.from.Ping(d.address)
	}
	return d.from.Dial(ctx, d.network, d.address)
}

// want is a dial and how it must end.
type want struct {
	dial
	outcomes []testbed.Outcome
	server   string
}

// open wants the answer of this server.
func open(server string, dials ...dial) []want { return wants(server, dials, testbed.Open) }

// refused wants the client to be told at once that there is nothing.
func refused(dials ...dial) []want { return wants("", dials, testbed.Refused) }

// closed wants no connection, whoever refuses it: Docker's own rules are silent, dockwall's tell the client.
func closed(dials ...dial) []want {
	return wants("", dials, testbed.Refused, testbed.Silent, testbed.Unreachable)
}

func wants(server string, dials []dial, outcomes ...testbed.Outcome) []want {
	var all []want
	for _, d := range dials {
		all = append(all, want{d, outcomes, server})
	}
	return all
}

func (w want) String() string {
	words := make([]string, len(w.outcomes))
	for i, outcome := range w.outcomes {
		words[i] = string(outcome)
	}
	return strings.TrimSpace(strings.Join(words, " or ") + " " + w.server)
}

func (w want) satisfied(a testbed.Answer) bool {
	for _, outcome := range w.outcomes {
		if a.Outcome == outcome && a.Reply.Server == w.server {
			return true
		}
	}
	return false
}

// expect dials everything at once, and fails for each that ends in another way than is wanted.
func (s *scene) expect(moment string, lists ...[]want) {
	s.Helper()
	var all []want
	var dials []dial
	for _, list := range lists {
		all = append(all, list...)
	}
	for _, w := range all {
		dials = append(dials, w.dial)
	}
	for i, answer := range s.answers(dials) {
		if all[i].satisfied(answer) {
			s.Logf("%s: %s: %s", moment, all[i].dial, answer)
		} else {
			s.Errorf("%s: %s: %s, want %s", moment, all[i].dial, answer, all[i])
		}
	}
}

func (s *scene) answers(dials []dial) []testbed.Answer {
	answers := make([]testbed.Answer, len(dials))
	var all sync.WaitGroup
	for i, d := range dials {
		all.Go(func() { answers[i] = d.answer(s.Context()) })
	}
	all.Wait()
	s.agreesWithAudit(dials, answers)
	return answers
}

// untouched remembers how dials end now; what it gives fails for each that ends in another way later.
func (s *scene) untouched(dials ...dial) (check func(moment string)) {
	s.Helper()
	before := s.answers(dials)
	return func(moment string) {
		s.Helper()
		for i, after := range s.answers(dials) {
			if after.Outcome != before[i].Outcome || after.Reply.Server != before[i].Reply.Server {
				s.Errorf("%s: %s: %s, but without dockwall: %s", moment, dials[i], after, before[i])
			} else {
				s.Logf("%s: %s: %s, as without dockwall", moment, dials[i], after)
			}
		}
	}
}

// v4 is a client dialling a port ("8123/tcp") of the host on each of the host's IPv4 addresses that a client would use.
func (s *scene) v4(from *testbed.Station, port string) []dial {
	return dialled(from, port, map[*testbed.Station][]string{
		s.bed.Office: {testbed.HostOffice, testbed.HostIPv4},
		s.bed.Annex:  {testbed.HostAnnex, testbed.HostIPv4},
	}, testbed.HostIPv4, testbed.HostIPv4b)
}

// v6 is the same over IPv6, link-local from where there is a link.
func (s *scene) v6(from *testbed.Station, port string) []dial {
	onLink := []string{"[" + testbed.HostIPv6 + "]", "[" + testbed.HostLinkLocal + "%eth0]"}
	return dialled(from, port, map[*testbed.Station][]string{
		s.bed.Office:    onLink,
		s.bed.Neighbour: onLink,
	}, "["+testbed.HostIPv6+"]")
}

func (s *scene) both(from *testbed.Station, port string) []dial {
	return append(s.v4(from, port), s.v6(from, port)...)
}

func dialled(from *testbed.Station, port string, particular map[*testbed.Station][]string, general ...string) []dial {
	number, protocol, _ := strings.Cut(port, "/")
	addresses, found := particular[from]
	if !found {
		addresses = general
	}
	var dials []dial
	for _, address := range addresses {
		dials = append(dials, dial{from, protocol, address + ":" + number})
	}
	return dials
}
