package nft

import (
	"fmt"
	"strconv"
	"strings"
)

// write is a value as nft's text has it.
func (d *datatype) write(v value) string {
	switch v.kind {
	case boolean:
		if v.text == "true" {
			return "exists"
		}
		return "missing"
	case number:
		return d.writeNumber(v.uint())
	}
	if d.format == ifname || d.format == quoted {
		return `"` + v.text + `"`
	}
	return v.text
}

func (d *datatype) writeNumber(n uint64) string {
	switch d.format {
	case wideHex:
		return fmt.Sprintf("0x%08x", n)
	case shortHex:
		if d.bits == 6 {
			return fmt.Sprintf("0x%02x", n)
		}
		return fmt.Sprintf("0x%x", n)
	case durations:
		return duration(n)
	}
	return strconv.FormatUint(n, 10)
}

// duration writes seconds as nft does: 1d2h3m4s, without what is zero.
func duration(seconds uint64) string {
	var b strings.Builder
	for _, u := range []struct {
		name string
		size uint64
	}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}} {
		if n := seconds / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			seconds %= u.size
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}
