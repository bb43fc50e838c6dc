package policy

import "github.com/dockwall/dockwall/internal/wording"

// didYouMean is the hint for a word that has a near candidate.
func didYouMean(word string, candidates []string) string {
	if near := wording.Nearest(word, candidates); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return ""
}
