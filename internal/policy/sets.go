package policy

import (
	"net/netip"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"go4.org/netipx"
)

const setForms = "a list of addresses, [192.168.0.0/24], or {file: addresses.txt}"

// set reads one set: its addresses, or the name of the file that has them.
func (f *file) set(name scalar, value ast.Node) {
	f.fail(name, setNameFault(name.text))
	set := declaredSet{name: name}
	set.Name, set.Position = name.text, name.source.position(name.column)
	switch value := value.(type) {
	case *ast.SequenceNode:
		for _, s := range f.list(value, name, "an address, a prefix or a range") {
			if r, fault := setRange(s.text); fault == nil {
				set.Ranges = append(set.Ranges, r)
			} else {
				f.fail(s, fault)
			}
		}
	case *ast.MappingNode:
		f.mapping(value, name, setForms, func(key scalar, value ast.Node) { f.setFile(&set, key, value) })
		if len(value.Values) == 0 {
			f.fail(name, faultf("write "+setForms, "set %s has no addresses", quote(name.text)))
		}
	case *ast.NullNode:
		f.fail(name, faultf("write "+setForms, "set %s has no addresses", quote(name.text)))
	default:
		f.fail(f.at(value), faultf("write "+setForms, "set %s has no list of addresses", quote(name.text)))
	}
	f.sets = append(f.sets, set)
}

func (f *file) setFile(set *declaredSet, key scalar, value ast.Node) {
	if key.text != "file" {
		f.unknown(key, []string{"file"})
		return
	}
	s, ok := f.scalar(value, key, "the name of a file")
	if ok && s.text == "" {
		f.fail(s, faultf("write {file: addresses.txt}", "the name of the file is empty"))
		return
	}
	if ok {
		set.file = s
	}
}

func setNameFault(name string) *fault {
	switch {
	case isReserved(name):
		return faultf("give it another name", "%s is a word of the language and cannot name a set", quote(name))
	case !isSetName(name):
		return faultf("small letters, digits, _ and -, beginning with a letter", "%s cannot name a set", quote(name))
	}
	return nil
}

// setRange reads one element of a set.
func setRange(text string) (netipx.IPRange, *fault) {
	if strings.HasPrefix(text, labelPrefix) || !strings.ContainsAny(text, ".:") {
		const hint = "a set holds addresses, prefixes and ranges; a rule can name several sets: from office,vpn"
		return netipx.IPRange{}, faultf(hint, "%s is not an address", quote(text))
	}
	return parseRange(text)
}

// everyAddress is what `any` means where a list of peers cannot be empty.
func everyAddress() []Peer {
	return []Peer{
		{Range: netipx.RangeOfPrefix(netip.PrefixFrom(netip.IPv4Unspecified(), 0))},
		{Range: netipx.RangeOfPrefix(netip.PrefixFrom(netip.IPv6Unspecified(), 0))},
	}
}
