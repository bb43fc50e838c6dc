package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

func sample(why string) Entry {
	return Entry{
		Header: Header{Time: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Who: "ada", Why: why, Backend: "nftables",
			Gate: "0123"},
		Policy: []policy.Source{{Path: "/etc/dockwall/policy.yaml", Text: "version: 1\n"}},
		Host:   &host.Host{Name: "shop"},
		Rules:  "table inet dockwall {}\n",
	}
}

func mustAppend(t *testing.T, j Journal, e Entry) int {
	t.Helper()
	n, err := j.Append(e)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAppendAndRead(t *testing.T) {
	j := Journal{Dir: filepath.Join(t.TempDir(), "history")}
	if newest, err := j.Newest(); newest != nil || err != nil {
		t.Fatalf("an empty history has %v, %v", newest, err)
	}
	mustAppend(t, j, sample("first"))
	second := mustAppend(t, j, sample("second"))
	got, err := j.Entry(second)
	if err != nil {
		t.Fatal(err)
	}
	want := sample("second")
	want.Number, want.Format = 2, format
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
	headers, err := j.Headers()
	if err != nil || len(headers) != 2 || headers[0].Why != "second" || headers[1].Number != 1 {
		t.Errorf("headers are %+v, %v", headers, err)
	}
	if info, err := os.Stat(j.path(1)); err != nil || info.Mode() != 0o600 {
		t.Errorf("an entry's file: %v, %v", info, err)
	}
}

func TestMissingEntry(t *testing.T) {
	j := Journal{Dir: t.TempDir()}
	_, err := j.Entry(3)
	if err == nil || err.Error() != "the history is empty: nothing was put in force yet" {
		t.Error(err)
	}
	mustAppend(t, j, sample("first"))
	_, err = j.Entry(3)
	var missing *NoEntryError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "it goes from 1 to 1") {
		t.Error(err)
	}
}

// The bounds hold, by number and by size, but the newest two always stay.
func TestPrune(t *testing.T) {
	j := Journal{Dir: t.TempDir(), Keep: 3}
	for range 10 {
		mustAppend(t, j, sample("again"))
	}
	if numbers, _ := j.Numbers(); !cmp.Equal(numbers, []int{8, 9, 10}) {
		t.Errorf("kept %v", numbers)
	}
	j.KeepBytes = 1
	mustAppend(t, j, sample("large"))
	if numbers, _ := j.Numbers(); !cmp.Equal(numbers, []int{10, 11}) {
		t.Errorf("kept %v", numbers)
	}
}

// A damaged file, cut at any byte, is named, and hides no other entry; the numbers still grow.
func TestDamage(t *testing.T) {
	whole, err := sample("cut").encode()
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		j := Journal{Dir: t.TempDir()}
		mustAppend(t, j, sample("good"))
		if err := os.WriteFile(j.path(2), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		newest, err := j.Newest()
		if newest == nil || newest.Why != "good" || err == nil || !strings.Contains(err.Error(), j.path(2)) {
			t.Fatalf("cut at %d of %d: %v, %v", cut, len(whole), newest, err)
		}
		if n := mustAppend(t, j, sample("next")); n != 3 {
			t.Fatalf("the next number is %d", n)
		}
	}
}

// A write that was cut off leaves a file that is no entry.
func TestLeftovers(t *testing.T) {
	j := Journal{Dir: t.TempDir()}
	mustAppend(t, j, sample("good"))
	for _, name := range []string{".00000002.json.gz.123.new", "2.json.gz", "x.json.gz", "00000003.json"} {
		if err := os.WriteFile(filepath.Join(j.Dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if numbers, err := j.Numbers(); err != nil || !cmp.Equal(numbers, []int{1}) {
		t.Errorf("%v, %v", numbers, err)
	}
}

func FuzzDecode(f *testing.F) {
	whole, _ := sample("seed").encode()
	f.Add(whole)
	f.Add([]byte("garbage"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := decode(data, true)
		if err == nil && e.Format != format {
			t.Errorf("an entry of format %d was read", e.Format)
		}
	})
}
