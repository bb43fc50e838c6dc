package host

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// RecordedSnapshot is the Snapshot of a recorded machine: the folder of LoadRecording, which also has iptables-save.txt
// and ip6tables-save.txt, and may have nft.json, nft.txt, ipset-save.txt and sysctl.txt.
func RecordedSnapshot(dir string) (*Snapshot, error) {
	h, err := LoadRecording(dir)
	if err != nil {
		return nil, err
	}
	ls, err := recordedListeners(dir)
	if err != nil {
		return nil, err
	}
	r := Rules{Listeners: ls, Missing: map[string]string{}}
	v4, v6 := &r.IPTables, &r.IP6Tables
	if h.Iptables == "legacy" {
		v4, v6 = &r.IPTablesLegacy, &r.IP6TablesLegacy
	}
	for _, f := range []struct {
		name, tool string
		into       *string
	}{
		{"iptables-save.txt", "iptables-nft-save", v4}, {"ip6tables-save.txt", "ip6tables-nft-save", v6},
		{"nft.json", "nft", &r.NftJSON}, {"nft.txt", "", &r.NftText}, {"ipset-save.txt", "", &r.IPSet},
	} {
		if err := r.recorded(filepath.Join(dir, f.name), f.tool, f.into); err != nil {
			return nil, err
		}
	}
	if r.Sysctls, err = recordedSysctls(filepath.Join(dir, "sysctl.txt")); err != nil {
		return nil, err
	}
	if r.Routing, err = recordedRouting(dir); err != nil {
		return nil, err
	}
	r.noteUnread()
	return &Snapshot{Format: snapshotFormat, Version: "recording", Host: h, Rules: r}, nil
}

// recorded reads what a tool printed. A file that is not there is missing, if its tool is named.
func (r *Rules) recorded(path, tool string, into *string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if tool != "" {
			r.Missing[tool] = "it was not recorded"
		}
		return nil
	}
	*into = string(data)
	return err
}

// recordedSysctls reads "net.ipv4.ip_forward = 1" lines.
func recordedSysctls(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), " = "); ok {
			values[name] = value
		}
	}
	return values, lines.Err()
}
