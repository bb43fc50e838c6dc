package host

import "strings"

// carriesDocker tells whether an iptables-save text has Docker's chains.
func carriesDocker(save string) bool {
	return strings.HasPrefix(save, ":DOCKER ") || strings.Contains(save, "\n:DOCKER ")
}

// variantOf is the iptables that wrote a text: its first line says "(nf_tables)" where it is the nft one.
func variantOf(save string) string {
	first, _, _ := strings.Cut(save, "\n")
	if strings.Contains(first, "nf_tables") {
		return "nft"
	}
	return "legacy"
}
