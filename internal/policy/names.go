package policy

import "slices"

// reserved are the words of the language. No set, container or interface can be named by them.
var reserved = []string{
	"allow", "deny", "all", "any", "except", "from", "to", "on", "at", "log", "can", "cannot", "reach",
	"tcp", "udp", "sctp", "icmp",
}

// Longest names: sets are dockwall's own, the others are the kernel's, Docker's and DNS's.
const (
	longestSetName   = 64
	longestInterface = 15
	longestName      = 255
)

func isReserved(s string) bool { return slices.Contains(reserved, s) }

// isSetName: [a-z][a-z0-9_-]*, no word of the language.
func isSetName(s string) bool {
	return len(s) <= longestSetName && spelled(s, isLower, func(c byte) bool {
		return isLower(c) || isDigit(c) || c == '_' || c == '-'
	}) && !isReserved(s)
}

// isName: what Docker takes as a container's name, [a-zA-Z0-9][a-zA-Z0-9_.-]*. Networks, and Compose's projects and
// services, are named alike.
func isName(s string) bool {
	return len(s) <= longestName && spelled(s, isAlphanumeric, func(c byte) bool {
		return isAlphanumeric(c) || c == '_' || c == '.' || c == '-'
	})
}

// isInterface: narrower than the kernel's own rule, which admits nearly everything.
func isInterface(s string) bool {
	return len(s) <= longestInterface && isName(s) && !isReserved(s)
}

// isLabelKey: as Docker recommends, and '/' and '_' as others use them.
func isLabelKey(s string) bool {
	return len(s) <= longestName && spelled(s, isAlphanumeric, func(c byte) bool {
		return isAlphanumeric(c) || c == '_' || c == '.' || c == '-' || c == '/'
	})
}

// isLabelValue: visible ASCII without what means something to the language, to YAML or to a shell. It may be empty.
func isLabelValue(s string) bool {
	visible := func(c byte) bool {
		return isAlphanumeric(c) || slices.Contains([]byte("._-/@+=~%"), c)
	}
	return len(s) <= longestName && (s == "" || spelled(s, visible, visible))
}

func spelled(s string, first, rest func(byte) bool) bool {
	if s == "" || !first(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !rest(s[i]) {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlphanumeric(c byte) bool { return isLower(c) || 'A' <= c && c <= 'Z' || isDigit(c) }
