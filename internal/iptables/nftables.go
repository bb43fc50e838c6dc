package iptables

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/backend"
)

// The nft variant makes its table and the built-in chains when the first rule needs them, and never takes them away
// again; iptables-save shows all of them as soon as there is one. So what has to go with our rules can only be seen,
// and an empty table only be removed, through nf_tables itself.

// filterTable is the table that the rules are in.
const filterTable = "filter"

// protocolFamily is the family's number in nf_tables.
func (f *family) protocolFamily() byte {
	if f == ipv4 {
		return unix.NFPROTO_IPV4
	}
	return unix.NFPROTO_IPV6
}

var errNoNFTables = fmt.Errorf("%w, which the nft variant of iptables needs", backend.ErrNoNFTables)

// missingParts are "table" and the names of those chains which nf_tables does not have.
func missingParts(f *family, chains []string) ([]string, error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("asking nf_tables: %w", err)
	}
	defer c.Close()
	tables, err := dump(c, f, unix.NFT_MSG_GETTABLE, unix.NFTA_TABLE_NAME, unix.NFTA_TABLE_NAME)
	switch {
	case errors.Is(err, unix.EINVAL):
		return nil, errNoNFTables
	case errors.Is(err, unix.EPERM):
		return nil, fmt.Errorf("reading the rules needs root: %w", err)
	case err != nil:
		return nil, err
	}
	present, err := dump(c, f, unix.NFT_MSG_GETCHAIN, unix.NFTA_CHAIN_TABLE, unix.NFTA_CHAIN_NAME)
	if err != nil {
		return nil, err
	}
	var missing []string
	if !slices.Contains(tables, filterTable) {
		missing = append(missing, "table")
	}
	for _, chain := range chains {
		if !slices.Contains(present, chain) {
			missing = append(missing, chain)
		}
	}
	return missing, nil
}

// dump lists one kind of objects of the filter table by name.
func dump(c *netlink.Conn, f *family, kind int, tableAttribute, nameAttribute uint16) ([]string, error) {
	replies, err := c.Execute(message(f, kind, netlink.Request|netlink.Dump, nil))
	if err != nil {
		return nil, fmt.Errorf("listing what nf_tables has: %w", err)
	}
	var names []string
	for _, r := range replies {
		attributes, err := netlink.NewAttributeDecoder(r.Data[4:])
		if err != nil {
			return nil, fmt.Errorf("reading what nf_tables has: %w", err)
		}
		var table, name string
		for attributes.Next() {
			if attributes.Type() == tableAttribute {
				table = attributes.String()
			}
			if attributes.Type() == nameAttribute {
				name = attributes.String()
			}
		}
		if table == filterTable {
			names = append(names, name)
		}
	}
	return names, nil
}

// message is a message to nf_tables with the attributes.
func message(f *family, kind int, flags netlink.HeaderFlags, attributes []byte) netlink.Message {
	return netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | kind), Flags: flags},
		Data:   append([]byte{f.protocolFamily(), unix.NFNETLINK_V0, 0, 0}, attributes...),
	}
}

// removeEmptyTable removes the filter table. The kernel refuses if there still is a chain or a set in it.
func removeEmptyTable(f *family) error {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return fmt.Errorf("asking nf_tables: %w", err)
	}
	defer c.Close()
	table := netlink.Attribute{Type: unix.NFTA_TABLE_NAME, Data: []byte(filterTable + "\x00")}
	name, err := netlink.MarshalAttributes([]netlink.Attribute{table})
	if err != nil {
		return err
	}
	const onlyIfEmpty = netlink.HeaderFlags(unix.NLM_F_NONREC)
	_, err = c.SendMessages([]netlink.Message{
		batch(unix.NFNL_MSG_BATCH_BEGIN),
		message(f, unix.NFT_MSG_DELTABLE, netlink.Request|netlink.Acknowledge|onlyIfEmpty, name),
		batch(unix.NFNL_MSG_BATCH_END),
	})
	if err == nil {
		_, err = c.Receive()
	}
	if err != nil {
		return fmt.Errorf("removing the empty table %s of nf_tables: %w", filterTable, err)
	}
	return nil
}

// batch is a message that begins or ends a transaction.
func batch(kind int) netlink.Message {
	return netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(kind), Flags: netlink.Request},
		Data:   []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES},
	}
}
