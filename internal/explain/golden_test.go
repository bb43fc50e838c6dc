package explain

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter/capture"
)

var update = flag.Bool("update", false, "write the golden files anew")

const recordings = "../host/testdata/hosts"

func plain(heading string) string { return heading }

// drawn is the map of a recorded host.
func drawn(t *testing.T, name string) *Map {
	t.Helper()
	m, h, err := capture.Recording(filepath.Join(recordings, name))
	if err != nil {
		t.Fatal(err)
	}
	return New(m, h)
}

// The map of every recorded host, to the letter.
func TestRecordedHosts(t *testing.T) {
	hosts, err := os.ReadDir(recordings)
	if err != nil || len(hosts) == 0 {
		t.Fatalf("there are no recordings: %v", err)
	}
	for _, h := range hosts {
		t.Run(h.Name(), func(t *testing.T) {
			var text, again bytes.Buffer
			drawn(t, h.Name()).Text(&text, plain)
			drawn(t, h.Name()).Text(&again, plain)
			if !bytes.Equal(text.Bytes(), again.Bytes()) {
				t.Error("the same host drawn twice gives two maps")
			}
			golden(t, h.Name()+".txt", text.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s", path, got)
	}
}

// The drawing is well-formed XML, stays as it is, and asks for nothing from elsewhere.
func TestDrawing(t *testing.T) {
	var svg, page bytes.Buffer
	m := drawn(t, "docker-29.7-iptables")
	if err := errors.Join(m.SVG(&svg), m.HTML(&page)); err != nil {
		t.Fatal(err)
	}
	golden(t, "docker-29.7-iptables.svg", svg.Bytes())
	wellFormed(t, svg.Bytes())
	for _, word := range []string{"<script", "http:", "https:", "url(h", "var(", "src=", "@import"} {
		text := bytes.ReplaceAll(page.Bytes(), []byte(`xmlns="http://www.w3.org/2000/svg"`), nil)
		if bytes.Contains(text, []byte(word)) {
			t.Errorf("the page has %q in it", word)
		}
	}
}

func wellFormed(t *testing.T, data []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(data))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the drawing is no XML: %v", err)
		}
	}
}
