package nftables

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"github.com/ti-mo/netfilter"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/backend"
)

// connection asks the kernel about nf_tables, in the network namespace of the thread that opened it. Constants and
// layouts are those of linux/netfilter/nf_tables.h.
type connection struct {
	*netlink.Conn
	stop func() bool
}

// receiveBuffer is the most that the kernel puts into one message of a dump.
const receiveBuffer = 32 << 10

// connect opens a connection that ends with the context.
func connect(ctx context.Context) (*connection, error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{MessageBufferSize: receiveBuffer})
	if err != nil {
		return nil, explain(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return &connection{c, stop}, nil
}

func (c *connection) close() {
	c.stop()
	_ = c.Close()
}

// each asks about the family inet, and gives every answer to visit: its attributes, which are valid until visit
// returns. What is asked about is the table, and of it perhaps a set.
func (c *connection) each(kind netfilter.MessageType, flags netlink.HeaderFlags, visit func(message []byte),
	about ...string) error {
	request, err := request(kind, flags, about)
	if err != nil {
		return err
	}
	if request, err = c.Send(request); err != nil {
		return explain(err)
	}
	for answer, err := range c.ReceiveIter() {
		if err == nil {
			err = netlink.Validate(request, []netlink.Message{answer})
		}
		if err != nil {
			return explain(err)
		}
		const header = 4 // struct nfgenmsg
		visit(answer.Data[min(header, len(answer.Data)):])
	}
	return nil
}

func request(kind netfilter.MessageType, flags netlink.HeaderFlags, about []string) (netlink.Message, error) {
	attributes := netfilter.NewAttributeEncoder()
	for i, name := range about {
		attributes.String(uint16(i+1), name) // everywhere 1 is the table, and for elements 2 the set
	}
	return netfilter.EncodeNetlink(netfilter.Header{
		SubsystemID: netfilter.NFSubsysNFTables,
		MessageType: kind,
		Family:      netfilter.ProtoFamily(unix.NFPROTO_INET),
		Flags:       netlink.Request | flags,
	}, attributes)
}

// generation is the number of the rule set: it changes with every change to any table.
func (c *connection) generation() (number uint32, err error) {
	err = c.each(unix.NFT_MSG_GETGEN, 0, func(message []byte) { number = number32(attribute(message, unix.NFTA_GEN_ID)) })
	return number, explainGeneration(err)
}

// explainGeneration says what it means that a kernel with nfnetlink does not know the first question about nf_tables.
func explainGeneration(err error) error {
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%w: use the iptables backend (backend: iptables)", backend.ErrNoNFTables)
	}
	return err
}

// explain turns what the kernel says into what to do about it.
func explain(err error) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("reading the kernel's rules needs root (CAP_NET_ADMIN): %w", err)
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return fmt.Errorf("%w, and no nfnetlink (CONFIG_NETFILTER_NETLINK): %w", backend.ErrNoNFTables, err)
	}
	return err
}
