// Package probe dials a host's ports for real, as a client that is attached to the host for the moment, and holds what it
// gets against what the rules say (package story) of exactly these packets.
//
// The client is a network namespace without a name, joined to the host by a pair of virtual links. Only this process holds
// it: however it ends, killed too, the kernel takes the namespace and with it both links away.
//
// What is compared is whether a TCP connection comes about. That none does where the rules let it through proves nothing
// until it is known that somebody listens: the host dials the container itself, and where it gets no connection either, the
// dial tells nothing.
package probe

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/walk"
)

// patience is how long a dial waits for an answer.
const patience = time.Second

// Report is what the dials gave. All text in it is printable.
type Report struct {
	From    []string `json:"from"`      // the client's addresses
	Link    string   `json:"interface"` // on which its packets arrived
	Dials   []Dial   `json:"dials"`
	Skipped []string `json:"skipped,omitempty"` // what was not dialled, and why
}

// Dial is one connection that was tried.
type Dial struct {
	Packet  string        `json:"packet"` // "198.18.0.2:40000 → 203.0.113.10:8123/tcp, arriving on dockwall-probe"
	Name    string        `json:"name"`   // of the container or service
	Rules   story.Verdict `json:"rules"`  // what they say becomes of it
	Got     Outcome       `json:"got"`
	Verdict Verdict       `json:"verdict"`
	Why     string        `json:"why,omitempty"`   // of a dial that tells nothing
	Trace   []string      `json:"trace,omitempty"` // of one that differs
}

// Outcome is how a dial ended.
type Outcome string

// The outcomes.
const (
	Connected Outcome = "connected"
	Refused   Outcome = "refused"   // a reset, or a message that says so
	Silent    Outcome = "no answer" // within patience
)

// Verdict says what a dial shows.
type Verdict string

// The verdicts.
const (
	Agrees       Verdict = "as the rules say"
	Differs      Verdict = "otherwise than the rules say"
	TellsNothing Verdict = "tells nothing"
)

// Agree tells whether no dial ended otherwise than the rules say.
func (r *Report) Agree() bool { return r.count(Differs) == 0 }

func (r *Report) count(v Verdict) int {
	n := 0
	for _, d := range r.Dials {
		if d.Verdict == v {
			n++
		}
	}
	return n
}

// Look captures the host's rules, with the client's link.
type Look func(ctx context.Context) (story.Scene, error)

// Run attaches a client to the host whose network namespace the process is in, has the rules looked at, dials every TCP
// publication and every container's own address that has one, and takes the client away again. It needs root.
func Run(ctx context.Context, h *host.Host, look Look) (*Report, error) {
	c, err := attach(h)
	if err != nil {
		return nil, fmt.Errorf("a client for the probe could not be attached to this host: %w", err)
	}
	defer c.close()
	scene, err := look(ctx)
	if err != nil {
		return nil, err
	}
	targets, skipped := targetsOf(scene.Host, c)
	r := &Report{From: []string{c.four.client.String(), c.six.client.String()}, Link: linkName, Dials: []Dial{}, Skipped: skipped}
	outcomes, err := c.dial(ctx, addresses(targets))
	if err != nil {
		return nil, fmt.Errorf("the probe could not dial: %w", err)
	}
	listening, err := listeners(ctx, targets)
	if err != nil {
		return nil, err
	}
	w := walk.New(scene.Machine)
	for i, t := range targets {
		told := scene.TellWalk(w, story.Conversation(linkName, c.source(t.dialled.Addr()), t.dialled.Addr(), host.TCP, t.dialled.Port()))
		r.Dials = append(r.Dials, judged(t, told, outcomes[i], listening[t.container]))
	}
	return r, nil
}

// judged holds one dial against what the rules say of it.
func judged(t target, told *story.Story, got Outcome, listens bool) Dial {
	d := Dial{Packet: told.Title, Name: t.name, Rules: told.Verdict, Got: got, Verdict: Agrees}
	switch connected := got == Connected; {
	case told.Verdict == story.Possibly:
		d.Verdict, d.Why = TellsNothing, "what the rules do hangs on what is not known of this host"
	case told.Verdict == story.Reaches && !connected && !listens:
		d.Verdict, d.Why = TellsNothing, "the host itself gets no connection there either: nobody listens"
	case connected != (told.Verdict == story.Reaches || told.Connects()):
		d.Verdict, d.Trace = Differs, told.Lines()
	}
	return d
}

// listeners are those containers' ports at which the host itself gets a connection.
func listeners(ctx context.Context, targets []target) (map[netip.AddrPort]bool, error) {
	var ports []netip.AddrPort
	for _, t := range targets {
		if t.container.IsValid() {
			ports = append(ports, t.container)
		}
	}
	outcomes, err := dialAll(ctx, ports)
	if err != nil {
		return nil, fmt.Errorf("the host could not dial its containers: %w", err)
	}
	listening := map[netip.AddrPort]bool{}
	for i, port := range ports {
		listening[port] = listening[port] || outcomes[i] == Connected
	}
	return listening, nil
}
