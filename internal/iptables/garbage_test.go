package iptables

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A program that ends well and prints half of the table, or something else, is not believed.
func TestGarbage(t *testing.T) {
	for _, said := range []string{"", "*filter\n:DOCKWALL-FORWARD - [0:0]\n", "*filter\nnonsense\nCOMMIT\n"} {
		onEachVariant(t, func(m *machine) {
			m.docker()
			tool := "iptables-" + m.backend.tools.variant + "-save"
			dir := m.TempDir()
			script := "#!/bin/sh\nprintf '" + strings.ReplaceAll(said, "\n", `\n`) + "'\n"
			if err := os.WriteFile(filepath.Join(dir, tool), []byte(script), 0o700); err != nil {
				m.Fatal(err)
			}
			m.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			err := m.space.Do(func() error { _, err := m.backend.Read(m.Context()); return err })
			if err == nil {
				m.Errorf("%q was taken for what is installed", said)
			}
		})
	}
}
