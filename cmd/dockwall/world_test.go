package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/host/hosttest"
	"github.com/dockwall/dockwall/internal/netlab"
)

// engine starts an engine that answers as the recorded one did, and points $DOCKER_HOST to it:
// engine docker-20.10-iptables
func engine(ts *testscript.TestScript, _ bool, args []string) {
	e, err := hosttest.Recorded(filepath.Join(recordings, args[0], "docker"))
	ts.Check(err)
	dir, err := os.MkdirTemp("", "dw") // a socket's path is short
	ts.Check(err)
	listener, err := net.Listen("unix", filepath.Join(dir, "docker.sock"))
	ts.Check(err)
	server := &http.Server{Handler: e}
	go func() { _ = server.Serve(listener) }()
	ts.Defer(func() {
		_ = server.Close()
		_ = os.RemoveAll(dir)
	})
	ts.Setenv("DOCKER_HOST", "unix://"+filepath.Join(dir, "docker.sock"))
}

// network makes a network namespace that has the links and addresses of a recorded host, in which exits then runs
// programs: network docker-20.10-iptables. $NETNS is its path. With -rules it forwards packets, too, by the iptables
// rules that Docker had there: network -rules docker-20.10-iptables.
func network(ts *testscript.TestScript, _ bool, args []string) {
	withRules := args[0] == "-rules"
	if withRules {
		args = args[1:]
	}
	h, err := host.LoadRecording(filepath.Join(recordings, args[0]))
	ts.Check(err)
	n, err := netlab.New()
	ts.Check(err)
	ts.Defer(func() { ts.Check(n.Close()) })
	peer, err := netlab.New()
	ts.Check(err)
	ts.Defer(func() { ts.Check(peer.Close()) })
	for _, i := range h.Interfaces {
		var addresses []string
		for _, a := range i.Addresses {
			if !a.Addr().IsLinkLocalUnicast() {
				addresses = append(addresses, a.String())
			}
		}
		switch i.Kind {
		case "bridge":
			ts.Check(n.Bridge(i.Name, addresses...))
		case "veth", "device":
			if i.Master == "" && !i.Loopback {
				ts.Check(netlab.Connect(n, i.Name, peer, i.Name))
				ts.Check(n.Address(i.Name, addresses...))
			}
		}
	}
	if withRules {
		ts.Check(recordedRules(n, filepath.Join(recordings, args[0])))
	}
	ts.Setenv("NETNS", n.Path())
}

// recordedRules has a namespace forward packets, by the recorded iptables rules.
func recordedRules(n *netlab.Namespace, dir string) error {
	for _, path := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
		if err := n.Sysctl(path, "1"); err != nil {
			return err
		}
	}
	for program, file := range map[string]string{"iptables": "iptables-save.txt", "ip6tables": "ip6tables-save.txt"} {
		rules, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		if _, err := n.Run(context.Background(), string(rules), program+"-nft-restore"); err != nil {
			return err
		}
	}
	return nil
}

// contend holds the lock of a state directory, runs a program until its stderr says that it waits, gives the lock back
// (or, with -interrupt, interrupts the program), and checks the exit code:
// contend [-interrupt] DIR CODE PROGRAM [ARGUMENT...]
func contend(ts *testscript.TestScript, _ bool, args []string) {
	interrupt := args[0] == "-interrupt"
	if interrupt {
		args = args[1:]
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	ts.Check(err)
	defer lock.Close()
	ts.Check(unix.Flock(int(lock.Fd()), unix.LOCK_EX))
	cmd, stderr := start(ts, inNetwork(ts, args[2:]))
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		ts.Logf("%s", lines.Text())
		if !strings.HasSuffix(lines.Text(), "waiting for it to end") {
			continue
		}
		if interrupt {
			ts.Check(cmd.Process.Signal(os.Interrupt))
		} else {
			ts.Check(unix.Flock(int(lock.Fd()), unix.LOCK_UN))
		}
	}
	checkExit(ts, cmd.Wait(), atoi(ts, args[1]))
}

// start runs a program with the script's environment and directory.
func start(ts *testscript.TestScript, command []string) (*exec.Cmd, io.Reader) {
	path, err := exec.LookPath(command[0])
	ts.Check(err)
	cmd := exec.Command(path, command[1:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = environment(ts)
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	return cmd, stderr
}

// environment is what programs of the script need to know.
func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "DOCKER_HOST", "HOME"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

func atoi(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}
