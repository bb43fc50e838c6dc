package nft

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// fibFields are what a lookup in the routing tables gives, by its result and flags. A mark among the flags chooses other
// tables only where rules of `ip rule` ask for it, and the local table, which says most types, stands before these.
var fibFields = map[string]netfilter.Field{
	"type saddr":      netfilter.SourceType,
	"type daddr":      netfilter.DestinationType,
	"type saddr iif":  netfilter.SourceTypeIn,
	"type daddr iif":  netfilter.DestinationTypeIn,
	"type saddr oif":  netfilter.SourceTypeOut,
	"type daddr oif":  netfilter.DestinationTypeOut,
	"oif saddr iif":   netfilter.ReversePath,
	"check saddr iif": netfilter.ReversePath,
}

func fib(v value) operand {
	var flags, asked []string
	for _, flag := range v.get("flags").items() {
		flags = append(flags, flag.text)
		if flag.text != "mark" {
			asked = append(asked, flag.text)
		}
	}
	result := v.get("result").text
	text := "fib " + strings.Join(flags, " . ") + " " + result
	kind := datatypes["fib_addrtype"]
	switch result {
	case "oif", "check":
		kind = reversePath
	case "oifname":
		kind = datatypes["string"]
	}
	field := fibFields[result+" "+strings.Join(asked, " ")]
	if field == netfilter.NoField {
		return unknown(text, kind, false)
	}
	return reading(text, kind, field)
}

// reversePath is an outgoing interface that is asked only whether it is there: "0" and missing say no. An interface by
// name is not understood.
var reversePath = &datatype{bits: 1, format: bare, names: map[string]uint64{"0": 0}}
