package xtables

import (
	"errors"
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
)

const allMark = 1<<32 - 1

// markChange is what an option of MARK and CONNMARK does: mark = (mark &^ mask) ^ value.
func markChange(o option) (value, mask uint64, err error) {
	if value, mask, err = valueMask(o.args[0], allMark); err != nil {
		return 0, 0, err
	}
	switch o.name {
	case "--set-xmark":
		return value, mask, nil
	case "--set-mark": // only the bits of the mask change, and those of the value are set
		return value, value | mask, nil
	case "--and-mark":
		return 0, ^value & allMark, nil
	case "--or-mark":
		return value, value, nil
	}
	return value, 0, nil // --xor-mark
}

func setMark(_ *sentence, options []option) ([]netfilter.Step, error) {
	if len(options) != 1 {
		return nil, errors.New("MARK does not say what it does")
	}
	value, mask, err := markChange(options[0])
	return []netfilter.Step{change(netfilter.Mark, value, mask)}, err
}

func change(field netfilter.Field, value, mask uint64) netfilter.SetField {
	return netfilter.SetField{Field: field, Mask: netfilter.Small(mask), Value: netfilter.Small(value)}
}

// connectionMark sets the conversation's mark, saves the packet's mark in it, or gives it back to the packet
// (connmark_tg): ctmark = (ctmark &^ ctmask) ^ (mark & nfmask), and the other way round.
func connectionMark(_ *sentence, options []option) ([]netfilter.Step, error) {
	nfmask, ctmask, verb := uint64(allMark), uint64(allMark), option{}
	for _, o := range options {
		var err error
		switch o.name {
		case "--nfmask":
			nfmask, err = number(o.args[0], 32)
		case "--ctmask":
			ctmask, err = number(o.args[0], 32)
		case "--mask":
			nfmask, err = number(o.args[0], 32)
			ctmask = nfmask
		default:
			verb = o
		}
		if err != nil {
			return nil, err
		}
	}
	switch verb.name {
	case "":
		return nil, errors.New("CONNMARK does not say what it does")
	case "--save-mark":
		return []netfilter.Step{copied(netfilter.ConntrackMark, ctmask, netfilter.Mark, nfmask)}, nil
	case "--restore-mark":
		return []netfilter.Step{copied(netfilter.Mark, nfmask, netfilter.ConntrackMark, ctmask)}, nil
	}
	value, mask, err := markChange(verb)
	return []netfilter.Step{change(netfilter.ConntrackMark, value, mask)}, err
}

func copied(to netfilter.Field, mask uint64, from netfilter.Field, of uint64) netfilter.SetField {
	return netfilter.SetField{Field: to, Mask: netfilter.Small(mask), From: from, Of: netfilter.Small(of)}
}

func setDSCP(_ *sentence, o option) ([]netfilter.Step, error) {
	value, err := dscpValue(o.args[0])
	return []netfilter.Step{change(netfilter.DSCP, value, 63)}, err
}

// setTOS changes the whole byte, of which rules see the upper six bits: tos = (tos &^ mask) ^ value.
func setTOS(_ *sentence, o option) ([]netfilter.Step, error) {
	value, mask, err := valueMask(o.args[0], 255)
	switch o.name {
	case "--and-tos":
		value, mask = 0, ^value&255
	case "--or-tos":
		mask = value
	case "--xor-tos":
		mask = 0
	}
	return []netfilter.Step{change(netfilter.DSCP, value>>2, mask>>2)}, err
}

// setTTL follows TTL and HL only where they set a number: what is added or taken away hangs on the packet.
func setTTL(_ *sentence, o option) ([]netfilter.Step, error) {
	if o.name != "--ttl-set" && o.name != "--hl-set" {
		return nil, fmt.Errorf("what %s leaves of the packet's time to live is not known", o.name)
	}
	value, err := number(o.args[0], 8)
	return []netfilter.Step{change(netfilter.TTL, value, 255)}, err
}
