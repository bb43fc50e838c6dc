package scenarios

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// fault is something that goes wrong at a host that a guard keeps.
type fault struct {
	name string
	// ours are the backends whose own rules it destroys: what gets through before the repair is printed.
	ours string
	// docker says that it destroys Docker's own rules, without which conversations may be cut whatever dockwall does.
	docker bool
	// proxy says that it ends docker-proxy, which has the conversations over IPv6.
	proxy bool
	do    func(s *scene) error
}

// rivals are the ways in which others destroy rules.
var rivals = []fault{
	{"iptables -F", "iptables", true, false, run("iptables", "-F")},
	{"iptables -X", "", true, false, run("sh", "-c", "iptables -X; true")},
	{"iptables -t nat -F", "", true, false, run("iptables", "-t", "nat", "-F")},
	{"nft flush ruleset", "nftables iptables", true, false, run("nft", "flush", "ruleset")},
	{"our table is deleted", "nftables", false, false, run("sh", "-c", "nft delete table inet dockwall; true")},
	{"one rule of ours is changed", "nftables iptables", false, false, (*scene).changeOneRule},
	{"iptables-restore of others", "iptables", true, false, func(s *scene) error {
		return run("sh", "-c", `printf '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n' | iptables-restore`)(s)
	}},
}

// engineFaults happen to Docker.
var engineFaults = []fault{
	{"dockerd is killed and started", "iptables", false, true, func(s *scene) error {
		if err := s.bed.Engine.Kill(context.WithoutCancel(s.Context())); err != nil {
			return err
		}
		return s.bed.Engine.Start(s.Context())
	}},
	{"dockerd is restarted", "iptables", false, true, func(s *scene) error { return s.bed.Engine.Restart(s.Context()) }},
	{"containers start and stop in a storm", "", false, false, func(s *scene) error { return s.storm(8, 5) }},
}

// A guard keeps a host; others destroy rules, Docker comes and goes. What of the refused port got through before the repair
// is printed; where nothing of ours was destroyed, nothing may. No conversation is cut as long as Docker's rules are there.
func TestFaults(t *testing.T) {
	apart(t, live, func(s *scene) {
		s.web("web", "8080:80")
		s.web("talker", "9090:80")
		s.apply(talkPolicy(0))
		s.guarded()
		for _, f := range append(rivals, engineFaults...) {
			s.suffer(f)
		}
		s.soonProven()
	})
}

// suffer has a fault happen in company, prints what that saw, and waits until the host is whole again.
func (s *scene) suffer(f fault) {
	s.Helper()
	got := s.accompanied(func() error { return f.do(s) })
	s.Logf("%s: %s", f.name, got)
	destroyed := s.destroyed(f)
	if got.connects() > 0 && !destroyed {
		s.Errorf("%s: the refused port was open: %s", f.name, got)
	}
	if got.cuts(f.proxy) > 0 && !f.docker && s.backend == "nftables" {
		s.Errorf("%s: an allowed conversation was cut: %s", f.name, got)
	}
	s.soon(f.name, refused(tcp(s.bed.Internet, "203.0.113.10:8080"))[0])
	s.soon(f.name, refused(tcp(s.bed.Internet, "[2001:db8::10]:8080"))[0])
	if f.docker {
		s.must(s.bed.Engine.Restart(s.Context())) // Docker makes its own rules anew, perhaps before ours
		s.soon("after dockerd's restart", refused(tcp(s.bed.Internet, "203.0.113.10:8080"))[0])
	}
	s.soon(f.name, open("talker", tcp(s.bed.Internet, "203.0.113.10:9090"))[0])
}

func (s *scene) destroyed(f fault) bool {
	return f.ours == s.backend || f.ours == "nftables iptables"
}

// changeOneRule takes the last rule away of the first chain that has one.
func (s *scene) changeOneRule() error {
	if s.backend == "nftables" {
		return run("nft", "flush", "chain", "inet", "dockwall", "to_container")(s)
	}
	return run("iptables", "-F", "DOCKWALL-FORWARD")(s)
}

// storm starts and stops containers, some at once, again and again.
func (s *scene) storm(atOnce, rounds int) error {
	errs := make([]error, atOnce)
	var all sync.WaitGroup
	for i := range atOnce {
		all.Go(func() {
			for n := range rounds {
				name := fmt.Sprintf("storm%d-%d", i, n)
				c, err := s.bed.Engine.RunContainer(s.Context(), testbed.Container{Name: name, Listen: []string{"80/tcp"}, Publish: []string{"80"}})
				if err == nil {
					err = c.Remove(s.Context())
				}
				if err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// spoiledTools are programs that stand where the backend's are.
var spoiledTools = []struct{ name, script string }{
	{"fails", "exit 1"},
	{"prints garbage and fails", "head -c 300 /dev/urandom; exit 1"},
	{"prints garbage and ends well", "head -c 300 /dev/urandom"},
	{"does nothing and ends well", "exit 0"},
	{"is killed", "kill -9 $$"},
}

// disks are what is wrong with the disk of the state directory $DIR.
var disks = []struct{ name, mount string }{
	{"read-only", `mount --bind "$DIR" "$DIR" && mount -o remount,bind,ro "$DIR"`},
	{"full", `mount -t tmpfs -o size=16k none "$DIR" && { head -c 64k /dev/zero >"$DIR/filler" || true; } 2>/dev/null`},
}

// A broken tool is an error, never a false "in force", and what is in force stays. A disk that is full or read-only keeps no
// policy from coming into force: that the history misses it is told, by the exit code too.
func TestBrokenToolsAndDisks(t *testing.T) {
	everywhere(t, live, func(s *scene) {
		s.web("web", "8080:80")
		s.web("talker", "9090:80")
		s.apply(talkPolicy(0))
		got := s.accompanied(func() error {
			for i, tool := range spoiledTools {
				s.applyNext(i + 1)
				if result := s.wrapped(s.spoiled(tool.script), "apply", "--yes"); result.Exit == 0 {
					s.Errorf("with a tool that %s, apply said: %s", tool.name, result.Stdout)
				}
			}
			for i, disk := range disks {
				s.applyNext(100 + i)
				mount := []string{"unshare", "--mount", "env", "DIR=" + s.bed.StateDir(), "sh", "-ec", disk.mount + `; exec "$@"`, "sh"}
				result := s.wrapped(mount, "apply", "--yes")
				s.Logf("the disk is %s: exit %d: %s", disk.name, result.Exit, result.Stderr)
				if in := s.dockwall("plan"); result.Exit == 0 || in.Exit != 0 {
					s.Errorf("the disk is %s: exit %d; plan: %s", disk.name, result.Exit, in.Stdout)
				}
			}
			return nil
		})
		s.Logf("broken tools and disks: %s", got)
		if got.connects() > 0 || got.cuts(false) > 0 {
			s.Errorf("broken tools and disks: %s", got)
		}
		s.succeed("apply", "--yes")
		s.succeed("verify")
	})
}

// wrapped runs a verb of dockwall by another program.
func (s *scene) wrapped(by []string, args ...string) testbed.Result {
	s.Helper()
	all := append(append(by[1:len(by):len(by)], lab.dockwall), append(args, "--policy", s.policy, "--backend", s.backend)...)
	result, err := s.bed.Dockwall(s.Context(), by[0], all...)
	s.must(err)
	return result
}

// spoiled is the program that runs another one with a script in the place of all of the backend's tools.
func (s *scene) spoiled(script string) []string {
	s.Helper()
	dir := s.TempDir()
	for _, name := range []string{"nft", "iptables-nft-restore", "ip6tables-nft-restore", "iptables-restore", "ip6tables-restore", "ipset"} {
		s.must(os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	}
	return []string{"env", "PATH=" + dir + ":" + os.Getenv("PATH")}
}
