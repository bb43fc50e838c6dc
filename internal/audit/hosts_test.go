package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter/capture"
)

const recordings = "../host/testdata/hosts"

// audited is the report on a host, as text.
func audited(t *testing.T, in Input) string {
	t.Helper()
	report, err := Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var text, sarif bytes.Buffer
	report.WriteText(&text, Plain)
	if err := report.WriteSARIF(&sarif, "1.0.0", "rules.txt"); err != nil {
		t.Fatal(err)
	}
	checkSARIF(t, sarif.Bytes())
	return text.String()
}

// TestRecordedHosts: what an audit says of every recorded host.
func TestRecordedHosts(t *testing.T) {
	dirs, _ := filepath.Glob(recordings + "/*")
	if len(dirs) != 5 {
		t.Fatalf("%d recordings, want 5", len(dirs))
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			m, h, err := capture.Recording(dir)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Base(dir)+".txt", audited(t, Input{Machine: m, Host: h}))
		})
	}
}

// TestBareSaves: a stranger's iptables-save, and nothing else of the host.
func TestBareSaves(t *testing.T) {
	dirs, _ := filepath.Glob(recordings + "/*")
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			m := capture.IPTablesSave(read(t, dir, "iptables-save.txt"), read(t, dir, "ip6tables-save.txt"))
			golden(t, filepath.Base(dir)+".bare.txt", audited(t, Input{Machine: m, Host: Infer(m)}))
		})
	}
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
