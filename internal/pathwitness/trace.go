package pathwitness

import (
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/netlab"
)

// trace hears what the kernel says of packets' ways, from nf_tables and from iptables-legacy, in one queue.
type trace struct {
	conn     *netlink.Conn
	sequence uint32            // of the last message of NFLOG
	known    map[uint32]uint32 // the kernel's trace id -> packet's identity
}

// errLost says that messages were lost: what was read is not whole.
var errLost = errors.New("the kernel dropped trace messages")

const (
	traceBuffer   = 64 << 20 // bytes, of the kernel's messages that wait to be read
	tracePatience = 20 * time.Second
)

// listen opens the trace of a namespace.
func listen(n *netlab.Namespace) (*trace, error) {
	t := &trace{known: map[uint32]uint32{}}
	err := n.Do(func() (err error) {
		t.conn, err = netlink.Dial(unix.NETLINK_NETFILTER, nil)
		if err != nil {
			return err
		}
		return errors.Join(t.conn.SetReadBuffer(traceBuffer), t.conn.JoinGroup(unix.NFNLGRP_NFTRACE), t.bindLog())
	})
	if err != nil {
		return nil, fmt.Errorf("listening to the kernel's trace: %w", err)
	}
	return t, nil
}

func (t *trace) close() error { return t.conn.Close() }

// Of NFLOG (include/uapi/linux/netfilter/nfnetlink_log.h).
const (
	logConfig = unix.NFNL_SUBSYS_ULOG<<8 | 1
	logPacket = unix.NFNL_SUBSYS_ULOG << 8

	configCommand   = 1 // NFULA_CFG_CMD
	configMode      = 2 // NFULA_CFG_MODE
	configThreshold = 5 // NFULA_CFG_QTHRESH
	configFlags     = 6 // NFULA_CFG_FLAGS
	commandBind     = 1
	copyPacket      = 2
	flagSequence    = 1
)

// bindLog makes this socket the one that NFLOG's group 0 is told to: at once, message by message, numbered, with the
// packet's first bytes.
func (t *trace) bindLog() error {
	for _, attributes := range [][]netlink.Attribute{
		{{Type: configCommand, Data: []byte{commandBind}}},
		{{Type: configMode, Data: []byte{0, 0, 0, 128, copyPacket, 0}}, {Type: configThreshold, Data: []byte{0, 0, 0, 1}},
			{Type: configFlags, Data: []byte{0, flagSequence}}},
	} {
		data, err := netlink.MarshalAttributes(attributes)
		if err != nil {
			return err
		}
		message := netlink.Message{Header: netlink.Header{Type: logConfig, Flags: netlink.Request | netlink.Acknowledge},
			Data: append([]byte{unix.AF_UNSPEC, 0, 0, 0}, data...)}
		if _, err := t.conn.Execute(message); err != nil {
			return err
		}
	}
	return nil
}

// read gives the events of packets until each of the markers has been heard of. Where it says errLost, everything that
// waited has been thrown away.
func (t *trace) read(markers map[uint32]bool) ([]event, error) {
	if err := t.conn.SetReadDeadline(time.Now().Add(tracePatience)); err != nil {
		return nil, err
	}
	var events []event
	for len(markers) > 0 {
		messages, err := t.conn.Receive()
		if errors.Is(err, unix.ENOBUFS) {
			return nil, errLost
		}
		if err != nil {
			return nil, fmt.Errorf("reading the kernel's trace: %w", err)
		}
		for _, m := range messages {
			e, heard, err := t.event(m)
			if err != nil {
				return nil, err
			}
			if heard {
				delete(markers, e.packet)
				events = append(events, e)
			}
		}
	}
	return events, nil
}

// event is what a message says; false where it says nothing of packets.
func (t *trace) event(m netlink.Message) (event, bool, error) {
	const header = 4 // struct nfgenmsg
	if len(m.Data) < header {
		return event{}, false, nil
	}
	attributes, err := netlink.NewAttributeDecoder(m.Data[header:])
	if err != nil {
		return event{}, false, err
	}
	switch m.Header.Type {
	case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_TRACE:
		e, err := t.nftEvent(m.Data[0], attributes)
		return e, err == nil, err
	case logPacket:
		return t.legacyEvent(m.Data[0], attributes)
	}
	return event{}, false, nil
}
