package metrics

import (
	"errors"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/guard"
)

// The kinds of errors.
const (
	kindPolicy  = "policy"  // the files are missing, wrong, or a test of theirs fails
	kindDocker  = "docker"  // Docker does not answer
	kindTool    = "tool"    // nft, iptables or ipset is not installed
	kindRefused = "refused" // the kernel, or the tool on the way there, did not take the rules
	kindReading = "reading" // what is in force could not be read for a scrape
	kindOther   = "other"
)

var kinds = []string{kindPolicy, kindDocker, kindTool, kindRefused, kindReading, kindOther}

// kindsOf are the kinds of a round's trouble, each once.
func kindsOf(r guard.Report) (found []string) {
	if r.PolicyError != nil {
		found = append(found, kindPolicy)
	}
	if r.EngineError != nil {
		found = append(found, kindDocker)
	}
	switch {
	case r.Err == nil:
	case errors.As(r.Err, new(*backend.MissingToolError)), errors.Is(r.Err, backend.ErrNoNFTables):
		found = append(found, kindTool)
	case errors.As(r.Err, new(*backend.RefusedError)):
		found = append(found, kindRefused)
	case len(found) == 0:
		found = append(found, kindOther)
	}
	return found
}
