package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// receiveBuffer is how much the kernel may have in store for a listener that is busy: a storm of some ten thousand
// messages. What is beyond it is lost, and the kernel says so (ENOBUFS).
const receiveBuffer = 4 << 20

// multicast gives every message of a netlink family's groups to read, until the context ends. What the kernel could not
// deliver is told as overrun, which is no error.
func multicast(ctx context.Context, family int, groups []uint32, read func(netlink.Message), overrun func()) error {
	conn, err := netlink.Dial(family, &netlink.Config{})
	if err != nil {
		return fmt.Errorf("a netlink socket cannot be opened: %w", err)
	}
	defer conn.Close()
	_ = conn.SetReadBuffer(receiveBuffer) // the kernel's own limit counts; less only means more overruns
	for _, group := range groups {
		if err := conn.JoinGroup(group); err != nil {
			return fmt.Errorf("the kernel does not tell of changes (group %d): %w", group, err)
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		messages, err := conn.Receive()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, unix.ENOBUFS):
			overrun()
			continue
		case err != nil:
			return fmt.Errorf("reading what the kernel tells: %w", err)
		}
		for _, m := range messages {
			read(m)
		}
	}
}
