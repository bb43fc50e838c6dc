package nftables

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// reading is the table as the kernel has it.
type reading struct {
	dormant bool // switched off as a whole
	chains  map[chainName]*chainReading
	sets    map[setName]*setReading
}

// chainReading is one chain. Its policy and its hook are as the kernel words them, and empty without a hook.
type chainReading struct {
	hook   string // type, number and priority
	policy string
	rules  []ruleReading
}

// ruleReading is one rule. Its shape is its expressions as the kernel words them, with their counters zeroed: rules of
// one shape do the same.
type ruleReading struct {
	handle  uint64
	shape   []byte
	comment Comment
	verdict string // "accept", "goto refuse"; "" if it has none, or finds it in a map
	lookups []setName
	count
}

// count is what a counter has counted.
type count struct{ packets, bytes uint64 }

// setReading is one set. Its shape is its definition as the kernel words it.
type setReading struct {
	flags    uint32
	shape    string
	elements []elementReading // sorted
}

type elementReading struct {
	element
	count
}

// attempts is how often the table is read anew when some rule of the host changes meanwhile.
const attempts = 20

// read reads the table; nil: there is none. Everything it reads is of one moment.
func read(ctx context.Context) (*reading, error) {
	c, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	for range attempts {
		r, err := c.readOnce()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reading the kernel's rules was given up: %w", context.Cause(ctx))
		}
		if !errors.Is(err, errChanging) {
			return r, err
		}
	}
	return nil, fmt.Errorf("the host's rules changed all the time while they were read (%d times): try again", attempts)
}

var errChanging = errors.New("the rules changed while they were read")

func (c *connection) readOnce() (*reading, error) {
	before, err := c.generation()
	if err != nil {
		return nil, err
	}
	r, err := c.readTable()
	after, errAfter := c.generation()
	if before != after && errAfter == nil {
		return nil, errChanging // which explains an error, too
	}
	return r, cmp.Or(err, errAfter)
}

func (c *connection) readTable() (*reading, error) {
	r := &reading{chains: map[chainName]*chainReading{}, sets: map[setName]*setReading{}}
	err := c.each(unix.NFT_MSG_GETTABLE, 0, r.decodeTable, ownTable)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err == nil {
		err = c.each(unix.NFT_MSG_GETCHAIN, netlink.Dump, r.decodeChain, ownTable)
	}
	if err == nil {
		err = c.each(unix.NFT_MSG_GETRULE, netlink.Dump, r.decodeRule, ownTable)
	}
	if err == nil {
		err = c.each(unix.NFT_MSG_GETSET, netlink.Dump, r.decodeSet, ownTable)
	}
	if err != nil {
		return nil, err
	}
	return r, c.readElements(r)
}

// ownTable is the table's name without its family.
const ownTable = "dockwall"

func (c *connection) readElements(r *reading) error {
	for name, s := range r.sets {
		bounds := &bounds{}
		if err := c.each(unix.NFT_MSG_GETSETELEM, netlink.Dump, bounds.decode, ownTable, string(name)); err != nil {
			return err
		}
		s.elements = bounds.elements(s.flags&setInterval != 0)
	}
	return nil
}

func (r *reading) decodeTable(message []byte) {
	r.dormant = number32(attribute(message, unix.NFTA_TABLE_FLAGS))&unix.NFT_TABLE_F_DORMANT != 0
}

func (r *reading) decodeChain(message []byte) {
	if text(attribute(message, unix.NFTA_CHAIN_TABLE)) != ownTable {
		return // the kernel gives the chains of all tables of the family
	}
	r.chains[chainName(text(attribute(message, unix.NFTA_CHAIN_NAME)))] = &chainReading{
		hook:   string(attribute(message, unix.NFTA_CHAIN_TYPE)) + string(attribute(message, unix.NFTA_CHAIN_HOOK)),
		policy: string(attribute(message, unix.NFTA_CHAIN_POLICY)),
	}
}

func (r *reading) decodeRule(message []byte) {
	c := r.chains[chainName(text(attribute(message, unix.NFTA_RULE_CHAIN)))]
	if c == nil || text(attribute(message, unix.NFTA_RULE_TABLE)) != ownTable {
		return // made after the chains were read, and the reading will be done again; or another table's
	}
	rule := ruleReading{
		handle:  number64(attribute(message, unix.NFTA_RULE_HANDLE)),
		shape:   bytes.Clone(attribute(message, unix.NFTA_RULE_EXPRESSIONS)),
		comment: userComment(attribute(message, unix.NFTA_RULE_USERDATA)),
	}
	rule.decodeExpressions()
	c.rules = append(c.rules, rule)
}

func (r *reading) decodeSet(message []byte) {
	if text(attribute(message, unix.NFTA_SET_TABLE)) != ownTable {
		return
	}
	s := &setReading{flags: number32(attribute(message, unix.NFTA_SET_FLAGS))}
	for kind, value := range attributes(message) {
		switch kind {
		case unix.NFTA_SET_KEY_TYPE, unix.NFTA_SET_KEY_LEN, unix.NFTA_SET_DATA_TYPE, unix.NFTA_SET_TIMEOUT, nftaSetExpr:
			s.shape += fmt.Sprintf("%d=%x ", kind, value)
		}
	}
	r.sets[setName(text(attribute(message, unix.NFTA_SET_NAME)))] = s
}

// From linux/netfilter/nf_tables.h.
const (
	nftaSetExpr  = 17 // NFTA_SET_EXPR: what each element has, a counter
	setAnonymous = 1  // NFT_SET_ANONYMOUS
	setInterval  = 4  // NFT_SET_INTERVAL
	setMap       = 8  // NFT_SET_MAP
)
