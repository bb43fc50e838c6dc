// Package recorded is hosts of the testbed as `dockwall snapshot` took them, one with each engine and each way in which
// dockwall stands there, with what clients really got when they dialled. They are kept in testdata, and hold trace,
// audit and verify against real engines where none can be started.
//
// `make record` records them anew (Record). All that one run of an engine has different from the next is put into one
// form, so that a recording differs from the last only where something has really changed.
package recorded

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/testbed"
)

// Policy is what is in force on the hosts with dockwall: testdata/policy.yaml.
const Policy = "policy.yaml"

// Dial is what a client got.
type Dial struct {
	From    string         // the client: "office", one of the testbed's machines
	Network string         // "tcp" or "udp"
	To      netip.AddrPort // what it dialled
	Outcome testbed.Outcome
	Server  string // who answered, where that is Open
}

func (d Dial) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", d.From, d.Network, d.To, d.Outcome, d.Server))
}

// Load reads the recording of a name in a directory.
func Load(dir, name string) (*host.Snapshot, []Dial, error) {
	s, err := host.ReadSnapshot(filepath.Join(dir, name+".json"))
	if err != nil {
		return nil, nil, err
	}
	dials, err := readDials(filepath.Join(dir, name+".dials"))
	return s, dials, err
}

func readDials(path string) ([]Dial, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the recording lacks what clients got: %w", err)
	}
	defer f.Close()
	var dials []Dial
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		d, err := parseDial(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, lines.Text(), err)
		}
		dials = append(dials, d)
	}
	return dials, lines.Err()
}

// parseDial reads what String wrote.
func parseDial(line string) (Dial, error) {
	words := strings.Fields(line)
	if len(words) < 4 {
		return Dial{}, fmt.Errorf("it has %d words: want who dials, tcp or udp, what is dialled, and what came of it", len(words))
	}
	to, err := netip.ParseAddrPort(words[2])
	d := Dial{From: words[0], Network: words[1], To: to, Outcome: testbed.Outcome(words[3])}
	if len(words) > 4 {
		d.Server = words[4]
	}
	return d, err
}
