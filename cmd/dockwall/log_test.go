package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// logged is what a logger writes to a file: one that is the journal's stream, or only inherits its name.
func logged(t *testing.T, json, journal bool) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Setenv("JOURNAL_STREAM", "1:1")
	if journal {
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		stat := info.Sys().(*syscall.Stat_t)
		t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", stat.Dev, stat.Ino))
	}
	log := newLogger(file, json)
	log.Info("put in force", "cause", "start")
	log.With("at", "x").Warn("slow")
	log.WithGroup("round").Error("two\nlines", "n", 1)
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The journal adds the time and takes the priority from the line's beginning, so that nothing is there twice.
func TestLogInJournal(t *testing.T) {
	want := "<6>msg=\"put in force\" cause=start\n<4>msg=slow at=x\n<3>msg=\"two\\nlines\" round.n=1\n"
	if got := logged(t, false, true); got != want {
		t.Errorf("the journal is given\n%s, want\n%s", got, want)
	}
	want = `<6>{"msg":"put in force","cause":"start"}` + "\n"
	if got := logged(t, true, true); !strings.HasPrefix(got, want) {
		t.Errorf("the journal is given\n%s, want\n%s", got, want)
	}
}

// Elsewhere lines have their time and level, even where a parent's output goes to the journal.
func TestLogElsewhere(t *testing.T) {
	for json, want := range map[bool]string{false: "level=ERROR", true: `"level":"ERROR"`} {
		got := logged(t, json, false)
		if !strings.Contains(got, want) || !strings.Contains(got, "time") || strings.Contains(got, "<3>") {
			t.Errorf("the log is\n%s", got)
		}
	}
}
