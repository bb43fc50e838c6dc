// Package packaging has no code: these are the tests of the units and scripts in it.
package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// systemd takes the units without a warning, and finds them as closed as docs/boot.md says.
func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed: skipped")
	}
	directory := t.TempDir()
	var units []string
	for _, unit := range []struct{ name, exposure string }{{"dockwall.service", "21"}, {"dockwall-restore.service", "20"}} {
		data, err := os.ReadFile(filepath.Join("systemd", unit.name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(directory, unit.name)
		text := strings.ReplaceAll(string(data), "/usr/bin/dockwall", "/bin/true") // verify looks whether it is there
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		units = append(units, path)
		run(t, "systemd-analyze", "security", "--offline=true", "--threshold="+unit.exposure, path)
	}
	if said := run(t, "systemd-analyze", append([]string{"verify", "--man=no"}, units...)...); said != "" {
		t.Errorf("systemd-analyze verify: %s", said)
	}
}

// The drop-in for a port leaves the unit as closed as it is.
func TestMetricsDropIn(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed: skipped")
	}
	text := ""
	for _, part := range []string{"systemd/dockwall.service", "prometheus/metrics-listen.conf"} {
		data, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		text += strings.ReplaceAll(string(data), "/usr/bin/dockwall", "/bin/true") + "\n" // a section may come twice
	}
	path := filepath.Join(t.TempDir(), "dockwall.service")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "systemd-analyze", "security", "--offline=true", "--threshold=21", path)
	if said := run(t, "systemd-analyze", "verify", "--man=no", path); said != "" {
		t.Errorf("systemd-analyze verify: %s", said)
	}
}

// Scripts are scripts, and the maintainer's do nothing for actions that are not theirs.
func TestScripts(t *testing.T) {
	for _, path := range []string{"scripts/postinst.sh", "scripts/prerm.sh", "scripts/postrm.sh", "runit/dockwall/run",
		"prometheus/textfile.sh"} {
		run(t, "sh", "-n", path)
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		run(t, "sh", "scripts/"+script+".sh", "abort-something", "1.0")
	}
	run(t, "sh", "scripts/prerm.sh", "upgrade", "1.0")
	run(t, "sh", "scripts/postrm.sh", "upgrade", "1.0")
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
	return string(output)
}
