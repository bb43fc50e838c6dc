package testbed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Conversation is a connection (or, over UDP, a flow of datagrams) that stays open between exchanges.
type Conversation struct {
	conn  net.Conn
	lines *bufio.Reader
	count int
}

// Converse opens a conversation and has its first exchange. The caller closes it.
func (s *Station) Converse(ctx context.Context, network, address string) (*Conversation, error) {
	conn, err := s.connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &Conversation{conn: conn, lines: bufio.NewReader(conn)}
	if err := c.Exchange(patience); err != nil {
		conn.Close()
		return nil, fmt.Errorf("%s dialling %s %s: %w", s.Name, network, address, err)
	}
	return c, nil
}

// Exchange sends one line and waits for its reply. An error says how the conversation was cut.
func (c *Conversation) Exchange(wait time.Duration) error {
	c.count++
	_, err := exchange(c.conn, c.lines, fmt.Sprintf("line %d", c.count), wait)
	return err
}

// Push lets the server alone talk from now on: count replies at an interval.
func (c *Conversation) Push(interval time.Duration, count int) error {
	_, err := fmt.Fprintf(c.conn, "push %s %d\n", interval, count)
	return err
}

// Hear waits for the next reply that is not asked for.
func (c *Conversation) Hear(wait time.Duration) error {
	if err := c.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	_, err := c.lines.ReadBytes('\n')
	return err
}

// Drain reads what has already arrived, so that what Hear gets after it was sent later. It asks the socket itself: a read
// whose deadline passes before it begins says that nothing is there, whatever is.
func (c *Conversation) Drain() error {
	if _, err := c.lines.Discard(c.lines.Buffered()); err != nil {
		return err
	}
	if err := c.conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	raw, err := c.conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	var ended error
	err = raw.Read(func(fd uintptr) bool {
		ended = empty(int(fd))
		return true
	})
	return errors.Join(err, ended)
}

// empty reads from a socket until nothing is left.
func empty(fd int) error {
	buffer := make([]byte, 1<<16)
	for {
		n, err := unix.Read(fd, buffer)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case n == 0:
			return io.EOF
		}
	}
}

// Close ends the conversation.
func (c *Conversation) Close() error { return c.conn.Close() }
