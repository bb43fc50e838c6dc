package host

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// recordings are the recorded hosts.
var recordings = []string{
	"docker-20.10-iptables", "docker-26.1-iptables", "docker-28.5-iptables",
	"docker-29.7-iptables", "docker-29.7-nftables",
}

func recording(t *testing.T, name string) *Host {
	t.Helper()
	h, err := LoadRecording(filepath.Join("testdata", "hosts", name))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestLoadRecordingGolden(t *testing.T) {
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(recording(t, name), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("the Host differs from %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}
