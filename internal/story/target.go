package story

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/wording"
)

const targetForms = "write 8123/tcp, 203.0.113.10:8123/tcp, web:80/tcp or icmp"

// target is where a packet goes, as a person says it.
type target struct {
	place    string // an address or a container's name; "": the host
	protocol host.Protocol
	port     uint16 // 0 for icmp
}

// parseTarget reads "8123/tcp", "1.1.1.1:443/tcp", "[2001:db8::1]:443/udp", "web:80" (tcp), "shop/web:80/tcp" or "icmp".
// A place said before it ("1.1.1.1", then "443/tcp") is the place.
func parseTarget(place, word string) (target, error) {
	t := target{place: place, protocol: host.TCP}
	if word == host.ICMP.String() {
		t.protocol = host.ICMP
		return t, nil
	}
	rest, protocol, named, err := cutProtocol(word)
	if err != nil {
		return t, err
	}
	if named {
		t.protocol = protocol
	}
	where, port, joined := cutPort(rest)
	switch {
	case joined && place != "":
		return t, fmt.Errorf("%q and %q both say where the packet goes: leave one of them out", place, word)
	case joined:
		t.place = where
	case !named && isNumber(port):
		return t, fmt.Errorf("%s is a port without its protocol: write %s/tcp", port, port)
	case !isNumber(port):
		return t, fmt.Errorf("%q has no port: %s", word, targetForms)
	}
	t.port, err = parsePort(port)
	return t, err
}

// cutProtocol takes "/tcp" off. A slash of a compose project's container ("shop/web:80") is no protocol's.
func cutProtocol(word string) (rest string, p host.Protocol, named bool, err error) {
	slash := strings.LastIndexByte(word, '/')
	if slash < 0 {
		return word, 0, false, nil
	}
	name := word[slash+1:]
	if p, err := host.ParseProtocol(name); err == nil {
		if p == host.ICMP {
			return "", 0, false, fmt.Errorf("icmp has no port: write %q and %q as two words", word[:slash], "icmp")
		}
		return word[:slash], p, true, nil
	}
	if _, port, joined := cutPort(word[:slash]); !isNumber(port) || !joined && strings.Contains(name, ":") {
		return word, 0, false, nil
	}
	return "", 0, false, fmt.Errorf("%q is no protocol: %s", wording.Printable(name), protocolHint(name))
}

func protocolHint(name string) string {
	if near := wording.Nearest(name, []string{"tcp", "udp", "sctp"}); near != "" {
		return "did you mean " + near + "?"
	}
	return "it must be tcp, udp or sctp"
}

// cutPort cuts "web:80" and "[2001:db8::1]:80". An IPv6 address without brackets has no port.
func cutPort(text string) (place, port string, joined bool) {
	colon := strings.LastIndexByte(text, ':')
	if _, err := netip.ParseAddr(text); err == nil || colon < 0 {
		return "", text, false
	}
	return strings.TrimSuffix(strings.TrimPrefix(text[:colon], "["), "]"), text[colon+1:], true
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func parsePort(text string) (uint16, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("%q is no port: ports are numbers from 1 to 65535", wording.Printable(text))
	}
	return uint16(port), nil
}
