package testbed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/testbed/testserver"
)

// Outcome is how an attempt to talk to a server ended, as the client sees it.
type Outcome string

// The outcomes.
const (
	Open        Outcome = "open"        // the server answered
	Refused     Outcome = "refused"     // TCP reset to the SYN, or ICMP port unreachable
	Silent      Outcome = "silent"      // nothing came back in time
	HungUp      Outcome = "hung up"     // connected, then closed or reset without an answer
	Unreachable Outcome = "unreachable" // another ICMP error, or no route
)

// Answer is what came of dialling.
type Answer struct {
	Outcome Outcome
	Reply   testserver.Reply // where Open
	Err     error            // where not Open
}

func (a Answer) String() string {
	if a.Outcome == Open && a.Reply.Server == "" {
		return "open"
	}
	if a.Outcome == Open {
		return fmt.Sprintf("open (%s sees %s)", a.Reply.Server, a.Reply.Client)
	}
	return fmt.Sprintf("%s (%v)", a.Outcome, a.Err)
}

// patience is how long a client waits for an answer before it calls the server silent: much longer than any answer of
// a busy machine takes, so that Silent is never a matter of luck.
const patience = 5 * time.Second

// Dial sends one line to a server and waits for its reply. The network is "tcp" or "udp"; the address has its zone by
// the interface's name: "[fe80::10%eth0]:80".
func (s *Station) Dial(ctx context.Context, network, address string) Answer {
	conn, err := s.connect(ctx, network, address)
	if err != nil {
		return Answer{Outcome: outcome(err, false), Err: err}
	}
	defer conn.Close()
	reply, err := exchange(conn, bufio.NewReader(conn), "hello", patience)
	if err != nil {
		return Answer{Outcome: outcome(err, network == "tcp"), Err: err}
	}
	return Answer{Outcome: Open, Reply: reply}
}

func (s *Station) connect(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := s.Do(func() error {
		numeric, err := numericZone(address)
		if err != nil {
			return err
		}
		dialer := net.Dialer{Timeout: patience}
		conn, err = dialer.DialContext(ctx, network, numeric)
		return err
	})
	return conn, err
}

// numericZone puts the interface's index for its name: package net remembers indexes, for one namespace only.
func numericZone(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	ip, zone, found := strings.Cut(host, "%")
	if !found {
		return address, nil
	}
	link, err := net.InterfaceByName(zone)
	if err != nil {
		return "", fmt.Errorf("the zone of %s: %w", address, err)
	}
	return net.JoinHostPort(ip+"%"+strconv.Itoa(link.Index), port), nil
}

// exchange sends a line and waits for the reply to this line; replies to earlier ones are passed over.
func exchange(conn net.Conn, lines *bufio.Reader, text string, wait time.Duration) (testserver.Reply, error) {
	if err := conn.SetDeadline(time.Now().Add(wait)); err != nil {
		return testserver.Reply{}, err
	}
	if _, err := fmt.Fprintln(conn, text); err != nil {
		return testserver.Reply{}, err
	}
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return testserver.Reply{}, err
		}
		var reply testserver.Reply
		if err := json.Unmarshal(line, &reply); err != nil {
			return testserver.Reply{}, fmt.Errorf("%q is no test server's reply: %w", line, err)
		}
		if reply.Text == text {
			return reply, nil
		}
	}
}

// outcome names an error. A reset of what was connected is a hang-up, not a refusal.
func outcome(err error, connected bool) Outcome {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return Silent
	case connected:
		return HungUp
	case errors.Is(err, unix.ECONNREFUSED):
		return Refused
	}
	return Unreachable
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
