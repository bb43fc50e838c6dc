// Package session says from which login a process comes, by what /proc tells of it and of those that started it.
//
// Invariants. A process is known by its number together with its beginning, because numbers are given again. Beginnings
// are counted from the start of the machine (CLOCK_BOOTTIME), which no clock that is set can move. What cannot be read
// is never taken for a newer login.
package session

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Mark is one process that ever was on this boot of the machine.
type Mark struct {
	PID   int   `json:"pid"`
	Began int64 `json:"began"` // in ticks of a hundredth of a second since the machine started
}

// Login is where a process comes from.
type Login struct {
	Connection *Mark  `json:"connection,omitempty"` // the server's process of the ssh connection; nil: there is none above
	Leaders    []Mark `json:"leaders"`              // of its session, and of those above it that have a terminal
	Strayed    bool   `json:"-"`                    // it was begun over ssh once, and no connection is above it any more
}

// servers are the names of the processes that serve one ssh connection each. The nearest one above a shell is that.
var servers = []string{"sshd", "sshd-session", "dropbear"}

// longest bounds a walk upwards through a /proc that changes meanwhile.
const longest = 1000

// Of is the login that a process comes from.
func (p Proc) Of(pid int) (Login, error) {
	above, err := p.ancestors(pid)
	if err != nil {
		return Login{}, err
	}
	l := Login{Leaders: []Mark{p.leader(above[0])}}
	for _, a := range above {
		if l.Connection == nil && slices.Contains(servers, a.Name) {
			mark := a.Mark
			l.Connection = &mark
		}
		if a.Session == a.PID && a.Terminal != 0 && !slices.Contains(l.Leaders, a.Mark) {
			l.Leaders = append(l.Leaders, a.Mark)
		}
	}
	l.Strayed = l.Connection == nil && slices.ContainsFunc(above, p.overSSH)
	return l, nil
}

// ancestors are the process itself, then the one that started it, and so on.
func (p Proc) ancestors(pid int) ([]Process, error) {
	var all []Process
	for pid > 0 && len(all) < longest {
		process, err := p.Process(pid)
		if err != nil {
			return nil, fmt.Errorf("it cannot be told which login this is: %w", err)
		}
		all = append(all, process)
		pid = process.Parent
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("it cannot be told which login this is: there is no process %d", pid)
	}
	return all, nil
}

// leader is the leader of a process's session. One that ended is known by its number alone.
func (p Proc) leader(of Process) Mark {
	if process, err := p.Process(of.Session); err == nil {
		return process.Mark
	}
	return Mark{PID: of.Session}
}

// overSSH tells whether the process was started with the environment of an ssh connection.
func (p Proc) overSSH(process Process) bool {
	environment, err := os.ReadFile(filepath.Join(p.Root, strconv.Itoa(process.PID), "environ"))
	return err == nil && bytes.Contains(append([]byte{0}, environment...), []byte("\x00SSH_CONNECTION="))
}
