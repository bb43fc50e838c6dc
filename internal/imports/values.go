package imports

import "strings"

// values are a script's variables.
type values map[string]string

// longestValue is how long a variable may become, in bytes.
const longestValue = 64 << 10

// expand gives the words that a word becomes. What it cannot know is named in unknown, and stands in the words as
// written.
func (v values) expand(t token) (words []string, unknown string) {
	var b strings.Builder
	open := false // a word has begun
	for _, p := range t.pieces {
		text, known := v.value(p)
		if !known && unknown == "" {
			unknown = text
		}
		if p.quoted || !p.variable {
			b.WriteString(text)
			open = true
			continue
		}
		fields := strings.Fields(text)
		for i, f := range fields {
			if i > 0 || open && startsBlank(text) {
				words = append(words, b.String())
				b.Reset()
			}
			b.WriteString(f)
			open = true
		}
		if len(fields) > 0 && endsBlank(text) {
			words = append(words, b.String())
			b.Reset()
			open = false
		}
	}
	if open {
		words = append(words, b.String())
	}
	return words, unknown
}

func (v values) value(p piece) (text string, known bool) {
	switch {
	case p.unknown:
		return p.text, false
	case !p.variable:
		return p.text, true
	}
	if text, known = v[p.text]; known && text != "" {
		return text, true
	}
	if p.standard != "" {
		return p.standard, true
	}
	if known {
		return "", true
	}
	return "$" + p.text, false
}

// assign takes NAME=value; it tells whether the word is one. A value that is not known makes the variable unknown
// again.
func (v values) assign(t token) bool {
	if len(t.pieces) == 0 || t.pieces[0].quoted || t.pieces[0].variable || t.pieces[0].unknown {
		return false
	}
	name, first, ok := strings.Cut(t.pieces[0].text, "=")
	if !ok || name == "" || strings.Trim(name, nameBytes) != "" || isDigit(name[0]) {
		return false
	}
	var b strings.Builder
	b.WriteString(first)
	for _, p := range t.pieces[1:] {
		text, known := v.value(p)
		if !known || b.Len()+len(text) > longestValue {
			delete(v, name)
			return true
		}
		b.WriteString(text)
	}
	v[name] = b.String()
	return true
}

const nameBytes = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func startsBlank(s string) bool { return s != strings.TrimLeft(s, " \t\n") }

func endsBlank(s string) bool { return s != strings.TrimRight(s, " \t\n") }
