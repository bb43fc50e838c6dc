package main

import "fmt"

// list is s as JSON shows lists: never null.
func list[T any](s []T) []T { return append([]T{}, s...) }

// count is "1 rule" or "3 rules".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
