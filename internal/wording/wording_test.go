package wording

import "testing"

// Whatever a terminal or a reader could be tricked with is replaced, and the rest stays.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"clickhouse → 8123\tü": "clickhouse → 8123 ü",
		"\x1b[31mred":          "\ufffd[31mred",
		"two\nlines\r":         "two\ufffdlines\ufffd",
		"\u202egnp.exe":        "\ufffdgnp.exe",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A typing error is understood, and a different word is not.
func TestNearest(t *testing.T) {
	names := []string{"clickhouse", "redis", "nginx"}
	for word, want := range map[string]string{
		"clikchouse": "clickhouse", "Redis": "redis", "ngnix": "nginx", "postgres": "", "": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
