package nft

import (
	"strconv"
)

// value is one JSON value as a tree. encoding/json would scan each level of a rule again; a listing of 100,000 rules is
// 40 MB, and nearly all of its values are strings without escapes, which here are parts of the text.
type value struct {
	kind kind
	text string   // of a string; of a number as written; "true" or "false"
	list []value  // of an array; of an object its values
	keys []string // of an object, beside list
}

type kind uint8

const (
	null kind = iota
	boolean
	number
	jsonText
	array
	object
)

// get is an object's member, null if it has none of that name.
func (v value) get(key string) value {
	for i, k := range v.keys {
		if k == key {
			return v.list[i]
		}
	}
	return value{}
}

// has tells whether an object has a member, be it null.
func (v value) has(key string) bool {
	for _, k := range v.keys {
		if k == key {
			return true
		}
	}
	return false
}

// only is an object's member where it has one alone, as all statements and expressions do.
func (v value) only() (string, value) {
	if v.kind != object || len(v.list) == 0 {
		return "", value{}
	}
	return v.keys[0], v.list[0]
}

// items are an array's values, or the value itself where nft writes a list of one without brackets.
func (v value) items() []value {
	switch v.kind {
	case array:
		return v.list
	case null:
		return nil
	}
	return []value{v}
}

// uint is a number, 0 where the value is none.
func (v value) uint() uint64 {
	n, _ := strconv.ParseUint(v.text, 10, 64)
	return n
}
