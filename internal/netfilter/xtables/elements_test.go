package xtables

import "testing"

// A set changes by itself only where something in it goes with time.
func TestSetsThatExpire(t *testing.T) {
	for text, want := range map[string]bool{
		"create s hash:ip family inet\nadd s 10.0.0.1\n":                                                   false,
		"create s hash:ip family inet timeout 0\nadd s 10.0.0.1 timeout 0\n":                               false,
		"create s hash:ip family inet timeout 0 comment\nadd s 10.0.0.1 timeout 0 comment \"timeout 9\"\n": false,
		"create s hash:ip family inet timeout 600\n":                                                       true,
		"create s hash:ip family inet timeout 0\nadd s 10.0.0.1 timeout 0\nadd s 10.0.0.2 timeout 9\n":     true,
	} {
		sets, unread := ParseIPSet(text)
		if len(unread) > 0 || sets["s"].Dynamic != want || sets["s"].Unclear != "" {
			t.Errorf("%q: dynamic %v, want %v (%q)", text, sets["s"].Dynamic, want, unread)
		}
	}
}
