package host

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// recordedRouting reads rules4.json and rules6.json of a recording, nil where there are none. The routes of other tables
// are in no recording.
func recordedRouting(dir string) (*Routing, error) {
	r := &Routing{Unlisted: true}
	for i, file := range []string{"rules4.json", "rules6.json"} {
		path := filepath.Join(dir, file)
		if matches, _ := filepath.Glob(path); matches == nil {
			return nil, nil
		}
		var raw []map[string]any
		if err := readJSON(path, &raw); err != nil {
			return nil, err
		}
		for _, rule := range raw {
			r.Rules = append(r.Rules, recordedRule(rule, i == 1))
		}
	}
	return r, nil
}

func recordedRule(raw map[string]any, six bool) RoutingRule {
	word := func(key string) string { s, _ := raw[key].(string); return s }
	count := func(key string) int { n, _ := raw[key].(float64); return int(n) }
	hex := func(key string) uint32 { n, _ := strconv.ParseUint(word(key), 0, 32); return uint32(n) }
	_, invert := raw["not"]
	rule := RoutingRule{IPv6: six, Priority: count("priority"), In: word("iif"), Out: word("oif"), Invert: invert,
		Mark: hex("fwmark"), Mask: hex("fwmask"), Table: tableNumber(word("table")), Action: word("action")}
	if rule.Mark != 0 && rule.Mask == 0 {
		rule.Mask = ^uint32(0)
	}
	prefix := func(key string) netip.Prefix {
		addr, err := netip.ParseAddr(word(key))
		if err != nil {
			return netip.Prefix{}
		}
		if _, has := raw[key+"len"]; has {
			return netip.PrefixFrom(addr, count(key+"len"))
		}
		return netip.PrefixFrom(addr, addr.BitLen())
	}
	rule.Source, rule.Destination = prefix("src"), prefix("dst")
	told := []string{"not", "priority", "iif", "oif", "fwmark", "fwmask", "table", "action", "src", "srclen", "dst", "dstlen", "protocol"}
	var more []string
	for key := range raw {
		if !slices.Contains(told, key) {
			more = append(more, key)
		}
	}
	slices.Sort(more)
	rule.More = strings.Join(more, " ")
	return rule
}

func tableNumber(name string) int {
	names := map[string]int{"local": unix.RT_TABLE_LOCAL, "main": unix.RT_TABLE_MAIN, "default": unix.RT_TABLE_DEFAULT}
	if n, known := names[name]; known {
		return n
	}
	n, _ := strconv.Atoi(name)
	return n
}
