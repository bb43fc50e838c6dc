package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func snapshotOf(t *testing.T, name string) *Snapshot {
	t.Helper()
	return &Snapshot{Format: snapshotFormat, Version: "v1", Host: recording(t, name), Rules: Rules{
		IPTables: "*filter\n", Sysctls: map[string]string{"net.ipv4.ip_forward": "1"},
		Listeners: []Listener{{TCP, netip.MustParseAddrPort("[::]:80")}}, Missing: map[string]string{"nft": "not installed"},
	}}
}

// equal compares addresses by value, zone and all.
var equal = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
}

func TestSnapshotRoundTrip(t *testing.T) {
	for _, name := range recordings {
		want, path := snapshotOf(t, name), filepath.Join(t.TempDir(), "host.json")
		if err := want.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSnapshot(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, equal); diff != "" {
			t.Errorf("%s: what was read differs from what was written (-want +got):\n%s", name, diff)
		}
	}
}

// A snapshot replaces a file whole, is for its owner's eyes, and leaves nothing else in the folder.
func TestSnapshotWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := snapshotOf(t, recordings[0]).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files %v, want the snapshot alone", files)
	}
}

// A write that fails leaves the old file, and says which file was not written.
func TestSnapshotWriteFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "host.json") // a folder of that name cannot be replaced
	if err := os.MkdirAll(filepath.Join(dir, "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "none", "host.json")} {
		err := snapshotOf(t, recordings[0]).WriteFile(path)
		if err == nil || !strings.Contains(err.Error(), path+" was not written") {
			t.Errorf("WriteFile(%s): %v", path, err)
		}
	}
	if files, _ := os.ReadDir(filepath.Dir(dir)); len(files) != 1 {
		t.Errorf("files %v, want nothing left behind", files)
	}
}

func TestReadSnapshotErrors(t *testing.T) {
	whole, err := json.Marshal(snapshotOf(t, recordings[2]))
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, new string) string {
		if !bytes.Contains(whole, []byte(old)) {
			t.Fatalf("the snapshot has no %s", old)
		}
		return strings.Replace(string(whole), old, new, 1)
	}
	for data, words := range map[string]string{
		"":                                   "is not a dockwall snapshot: it is not JSON",
		"*filter\n":                          "is not a dockwall snapshot: it is not JSON",
		"\x7fELF\x00":                        "is not a dockwall snapshot: it is not JSON",
		"[]":                                 `it has no "format"`,
		"null":                               `it has no "format"`,
		"{}":                                 `it has no "format"`,
		`{"format":"1"}`:                     `it has no "format"`,
		`{"format":0}`:                       "there is no format 0",
		`{"format":1}`:                       "it has no host in it",
		`{"format":99,"host":[]}`:            "was written by a newer dockwall (format 99, this one reads up to 1)",
		string(whole[:len(whole)/2]):         "is cut off after",
		string(whole) + "{}":                 "is damaged at byte",
		change(`"name":"nginx"`, `"name":7`): "is damaged",
		change(`"networks":[`, `"networks":"none","n":[`):                      "is damaged",
		change(`"172.17.0.2"`, `"172.17.0.x"`):                                 "is damaged",
		change(`"protocol":"tcp"`, `"protocol":"quic"`):                        "is no protocol",
		change(`"protocol":"tcp"`, `"p":"tcp"`):                                "without an address, a protocol or a number",
		change(`"host_address":"0.0.0.0"`, `"host_address":""`):                "without an address",
		change(`"host_port":8123`, `"host_port":70000`):                        "is damaged",
		change(`"name":"nginx"`, `"name":"a\nb"`):                              "is no container of Docker's",
		change(`"project":"shop"`, `"project":"\"; drop"`):                     "is no compose project and service",
		change(`"name":"dual"`, `"name":"a b"`):                                "is no name of a Docker network",
		change(`"bridge":"docker0"`, `"bridge":"docker0\" drop"`):              "is no name of a bridge",
		change(`"subnets":["172.17.0.0/16"]`, `"subnets":[""]`):                "has a subnet that is none",
		change(`"name":"eno1"`, `"name":""`):                                   "has a name or an address",
		change(`"destination":"172.17.0.0/16",`, ``):                           "has no destination",
		change(`"containers":[`, `"services":[{"name":"a b"}],"containers":[`): "the swarm service",
	} {
		path := filepath.Join(t.TempDir(), "host.json")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadSnapshot(path)
		if err == nil || !strings.Contains(err.Error(), words) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%.40q: got %v, want %s ... %s", data, err, path, words)
		}
	}
	if _, err := ReadSnapshot(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// A snapshot has the rules and settings of its namespace, and nothing secret of the containers.
func TestTakeSnapshot(t *testing.T) {
	server := lab(t)
	e := recordedEngine(t, "docker-28.5-iptables")
	for _, path := range []string{"redis", "nginx"} {
		c := e.containerNamed(t, path)
		c["Args"] = []any{"--password=hush"}
		c["Config"].(map[string]any)["Env"] = []any{"PASSWORD=hush"}
		c["Config"].(map[string]any)["Cmd"] = []any{"hush"}
		c["Mounts"] = []any{map[string]any{"Source": "/hush"}}
	}
	o := Options{DockerHost: e.start(t), Version: "v7"}
	run(t, server, "iptables-nft", "-N", "DOCKER")
	run(t, server, "ip6tables-nft", "-N", "DOCKER-SIX")
	run(t, server, "iptables-legacy", "-N", "OLD")
	run(t, server, "nft", "add table inet mine; add chain inet mine c")
	if err := server.Sysctl("ipv4/conf/docker0/route_localnet", "1"); err != nil {
		t.Fatal(err)
	}
	var s *Snapshot
	if err := server.Do(func() (err error) { s, err = TakeSnapshot(context.Background(), o); return err }); err != nil {
		t.Fatal(err)
	}
	checkRules(t, s)
	data, err := json.Marshal(s)
	if err != nil || bytes.Contains(data, []byte("hush")) {
		t.Errorf("the snapshot has a container's secrets in it (%v)", err)
	}
	if _, err := parseSnapshot(data); err != nil {
		t.Errorf("the snapshot cannot be read back: %v", err)
	}
}

func checkRules(t *testing.T, s *Snapshot) {
	t.Helper()
	for words, text := range map[string]string{
		":DOCKER ": s.Rules.IPTables, ":DOCKER-SIX ": s.Rules.IP6Tables, ":OLD ": s.Rules.IPTablesLegacy,
		"table inet mine {": s.Rules.NftText, `"json_schema_version"`: s.Rules.NftJSON,
	} {
		if !strings.Contains(text, words) {
			t.Errorf("no %q in %q", words, text)
		}
	}
	if s.Rules.IP6TablesLegacy != "" || strings.Contains(s.Rules.IPTables, "OLD") || len(s.Rules.Missing) != 0 {
		t.Errorf("IPv6 legacy %q, missing %v: want neither", s.Rules.IP6TablesLegacy, s.Rules.Missing)
	}
	for name, want := range map[string]string{
		"net.ipv4.conf.docker0.route_localnet": "1", "net.ipv4.conf.eno1.route_localnet": "0", "net.ipv4.ip_forward": "0",
	} {
		if s.Rules.Sysctls[name] != want {
			t.Errorf("%s is %q, want %s", name, s.Rules.Sysctls[name], want)
		}
	}
	if s.Version != "v7" || s.Format != snapshotFormat || s.Host.Iptables != "nft" || s.Host.Engine == nil {
		t.Errorf("version %q, format %d, iptables %q, engine %v", s.Version, s.Format, s.Host.Iptables, s.Host.Engine)
	}
}

// Without an engine there is a snapshot all the same, beside the reason; and what iptables hides is told.
func TestTakeSnapshotWithoutEngine(t *testing.T) {
	server := lab(t)
	run(t, server, "iptables-nft", "-N", "DOCKER")
	run(t, server, "nft", "add chain ip filter native { type filter hook forward priority 5; }")
	var s *Snapshot
	err := server.Do(func() (err error) {
		s, err = TakeSnapshot(context.Background(), Options{DockerHost: "unix:///nowhere/docker.sock"})
		return err
	})
	var noEngine *NoEngineError
	if !errors.As(err, &noEngine) || s == nil || s.Host == nil {
		t.Fatalf("got %v and %v, want a snapshot and a *NoEngineError", s, err)
	}
	if !strings.Contains(s.Rules.Missing["iptables-nft-save"], "table ip filter") {
		t.Errorf("missing %v, want it to tell of table ip filter; printed was %q", s.Rules.Missing, s.Rules.IPTables)
	}
}

func FuzzParseSnapshot(f *testing.F) {
	h, err := LoadRecording(filepath.Join("testdata", "hosts", recordings[4]))
	if err != nil {
		f.Fatal(err)
	}
	// Small seeds are mutated better.
	h.Interfaces, h.Containers, h.Routes = h.Interfaces[:3], h.Containers[:3], h.Routes[:1]
	seed, err := json.Marshal(Snapshot{Format: 1, Host: h})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"format":1,"host":{"services":[{"name":"a","protocol":"udp","host_port":1,"container_port":2}]}}`))
	f.Add([]byte(`{"format":1,"host":{"interfaces":[{"name":"a","addresses":["0.0.0.0/0","::/128"]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSnapshot(data)
		if err != nil {
			return
		}
		for _, dst := range []string{"127.0.0.1", "172.17.0.2", "255.255.255.255", "::1", "fe80::1"} {
			for _, target := range s.Host.Targets(netip.MustParseAddr(dst), UDP, 53) {
				if target.Container != nil {
					s.Host.Owner(target.Container)
				}
			}
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := parseSnapshot(again); err != nil || cmp.Diff(s, second, equal, cmpopts.EquateEmpty()) != "" {
			t.Fatalf("written and read again it differs (%v)", err)
		}
	})
}
