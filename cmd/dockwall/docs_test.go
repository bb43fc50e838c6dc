package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// docs/cli.md has every verb, every flag, and the exit codes as `dockwall help exit-codes` prints them.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	mention := func(what string) {
		t.Helper()
		if !strings.Contains(text, what) {
			t.Errorf("docs/cli.md does not have %q", what)
		}
	}
	_, codes, _ := strings.Cut(exitHelp, "\n\n")
	mention("```\n" + codes + "\n```\n")
	root := newApp(os.Stdin, os.Stdout, os.Stderr).root()
	flag := func(f *pflag.Flag) { mention("`--" + f.Name) }
	root.PersistentFlags().VisitAll(flag)
	headings := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "### ") {
			headings += strings.ReplaceAll(line[3:], ",", " ")
		}
	}
	for _, verb := range root.Commands() {
		if verb.Runnable() && !verb.Hidden && !strings.Contains(headings, " "+verb.Name()) {
			t.Errorf("docs/cli.md has no heading for %s", verb.Name())
		}
		verb.LocalNonPersistentFlags().VisitAll(flag)
	}
}
