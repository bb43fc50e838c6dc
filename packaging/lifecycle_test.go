package packaging

import (
	"strings"

	"github.com/dockwall/dockwall/internal/testbed"
)

// upgraded installs another version over the one that runs: no window, and the guard is the new one.
func (b *box) upgraded() {
	b.Helper()
	before := b.run("systemctl", "show", "--value", "--property=MainPID", "dockwall.service")
	b.closed("upgrade", func() { b.install("v1.0.1") })
	b.must(b.Await(b.Context(), "systemctl", "is-active", "dockwall.service"))
	if after := b.run("systemctl", "show", "--value", "--property=MainPID", "dockwall.service"); after == before {
		b.Errorf("the guard is still the old one: process %s", after)
	}
	b.soon(allowedPort, testbed.Open)
}

// wayBack opens the refused port on probation, as a unit of systemd and beside the guard, and lets that go in two ways.
func (b *box) wayBack() {
	b.Helper()
	b.probation("10s")
	b.soon(refusedPort, testbed.Refused)
	b.policyIs(allowed)

	b.probation("10m")
	b.must(b.Halt(b.Context()))
	b.closed("restart on probation", b.up)
	b.soon(refusedPort, testbed.Refused)
	b.policyIs(allowed)
	if said := b.run("dockwall", "history"); !strings.Contains(said, "the machine was restarted before it was confirmed") {
		b.Errorf("the history says: %s", said)
	}
}

// probation opens the refused port for a time, and kills the shell that did it, and the dockwall in it.
func (b *box) probation(within string) {
	b.Helper()
	script := "dockwall allow 8080/tcp from any --apply --yes --confirm " + within + " && sleep 600"
	shell := b.Command(b.Context(), "setsid", "sh", "-c", "echo $$ >/run/shell; "+script)
	b.must(shell.Start())
	b.soon(refusedPort, testbed.Open)
	b.run("sh", "-c", "kill -KILL -$(cat /run/shell)")
	_ = shell.Wait() // it was killed
	if units := b.run("systemctl", "list-units", "--plain", "--no-legend", "dockwall-confirm-*"); !strings.Contains(units, "running") {
		b.Errorf("no unit watches the change: %q", units)
	}
}

func (b *box) policyIs(want string) {
	b.Helper()
	if got := b.run("cat", "/etc/dockwall/policy.yaml"); got != want {
		b.Errorf("the policy's file is %q, want %q", got, want)
	}
}

// removed takes the package away, and then its state.
func (b *box) removed(docker string) {
	b.Helper()
	b.run("dpkg", "--remove", "dockwall")
	b.soon(refusedPort, testbed.Open)
	if got := b.rules(); got != docker {
		b.Errorf("after the removal the rules are\n%s\nand before the installation they were\n%s", got, docker)
	}
	if tables := b.run("nft", "list", "tables"); strings.Contains(tables, "dockwall") {
		b.Errorf("after the removal there is %s", tables)
	}
	b.run("test", "-d", "/var/lib/dockwall/history")
	b.run("dpkg", "--purge", "dockwall")
	b.run("test", "!", "-e", "/var/lib/dockwall")
	b.policyIs(allowed)
}
