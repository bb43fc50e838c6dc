package main

import "fmt"

// list is s as JSON shows lists: never null.
func list(s []string) []string { return append([]string{}, s...) }

// texts are the values as text, never null.
func texts[T fmt.Stringer](values []T) []string {
	texts := []string{}
	for _, v := range values {
		texts = append(texts, v.String())
	}
	return texts
}

// count is "1 rule" or "3 rules".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
