package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every command that docs/way-back.md shows, and those of the way back in the README, is one that the scripts of apply --confirm run: the same verb with the same
// flags, beside those that keep a script on its own state directory and policy.
func TestWayBackDocs(t *testing.T) {
	shown := regexp.MustCompile("(?m)^```console\n# (dockwall [^\n#]*)").FindAllStringSubmatch(document(t, "way-back.md"), -1)
	if len(shown) < 4 {
		t.Fatalf("docs/way-back.md shows %d commands, want 4 or more", len(shown))
	}
	readme := regexp.MustCompile("(?m)^# (dockwall (?:apply --confirm|confirm)[^\n#]*)").FindAllStringSubmatch(document(t, "../README.md"), -1)
	if len(readme) != 2 {
		t.Fatalf("README.md shows %d commands of the way back, want 2", len(readme))
	}
	shown = append(shown, readme...)
	var run []string
	for _, name := range []string{"confirm", "confirm_errors", "confirm_killed", "confirm_try"} {
		data, err := os.ReadFile("testdata/script/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regexp.MustCompile(`(?m)dockwall [a-z-]+[^';&\n]*`).FindAllString(string(data), -1) {
			run = append(run, essence(t, line))
		}
	}
	for _, s := range shown {
		if !slices.Contains(run, essence(t, s[1])) {
			t.Errorf("no script runs %q", s[1])
		}
	}
}

// essence is a command's verb and which flags it has, without those that only say where things are. It is "" for what is
// no command.
func essence(t *testing.T, line string) string {
	t.Helper()
	words := strings.Fields(line)
	verb, rest, err := newApp(os.Stdin, os.Stdout, os.Stderr).root().Find(words[1:])
	if err != nil || verb.ParseFlags(rest) != nil {
		return ""
	}
	return flagged(verb)
}

func flagged(verb *cobra.Command) string {
	text := verb.Name()
	verb.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"policy", "state-dir", "backend", "yes"}, f.Name) {
			text += " --" + f.Name
		}
	})
	return text
}
