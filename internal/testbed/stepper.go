package testbed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Step is where a program was killed.
type Step struct {
	Writes int    // begun by it and its children, the last one not carried out where it was killed
	Before string // the write that it was killed before; "": it came to its end
}

// writing are the system calls that change something outside of the process, or start who does.
var writing = map[uint64]string{
	unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite64", unix.SYS_SENDTO: "sendto", unix.SYS_SENDMSG: "sendmsg",
	unix.SYS_SETSOCKOPT: "setsockopt", unix.SYS_RENAME: "rename", unix.SYS_RENAMEAT: "renameat",
	unix.SYS_RENAMEAT2: "renameat2", unix.SYS_UNLINK: "unlink", unix.SYS_UNLINKAT: "unlinkat", unix.SYS_MKDIRAT: "mkdirat",
	unix.SYS_FSYNC: "fsync", unix.SYS_FCHMOD: "fchmod", unix.SYS_FLOCK: "flock", unix.SYS_EXECVE: "execve",
	unix.SYS_UNSHARE: "unshare",
}

// stepper follows a program, its threads and its children from one system call to the next.
type stepper struct {
	program int // its process
	last    int // the write to kill it before; 0: none
	step    Step
}

// killedAt runs a program on this thread, which nothing else may use, and kills it (not its children) before its nth write.
// Whoever is left then runs to its end.
func killedAt(cmd *exec.Cmd, n int) (Step, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: unix.SIGKILL}
	if err := cmd.Start(); err != nil {
		return Step{}, err
	}
	defer cmd.Process.Release()
	s := stepper{program: cmd.Process.Pid, last: n}
	err := s.follow()
	return s.step, err
}

func (s *stepper) follow() error {
	var status unix.WaitStatus
	if _, err := unix.Wait4(s.program, &status, 0, nil); err != nil {
		return fmt.Errorf("waiting for the program's start: %w", err)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
		unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(s.program, options); err != nil {
		return fmt.Errorf("following the program: %w", err)
	}
	for pid, signal := s.program, 0; ; {
		if err := unix.PtraceSyscall(pid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("letting process %d go on: %w", pid, err)
		}
		var err error
		if pid, signal, err = s.next(); err != nil || pid == 0 {
			return err
		}
	}
}

// next waits for the next stop, and gives who stopped and the signal it is to get. Nobody is left: 0.
func (s *stepper) next() (pid, signal int, err error) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case errors.Is(err, unix.ECHILD):
			return 0, 0, nil
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, 0, err
		case status.Stopped():
			return pid, s.stopped(pid, status), nil
		}
	}
}

// stopped counts a write, and gives the signal that the process is to get.
func (s *stepper) stopped(pid int, status unix.WaitStatus) int {
	const syscallStop = unix.SIGTRAP | 0x80
	switch signal := status.StopSignal(); signal {
	case syscallStop:
		s.count(pid)
	case unix.SIGTRAP, unix.SIGSTOP: // of a new thread, a new child, a new program
	default:
		return int(signal)
	}
	return 0
}

func (s *stepper) count(pid int) {
	name := writing[entered(pid)]
	if name == "" || s.step.Before != "" {
		return
	}
	if s.step.Writes++; s.step.Writes == s.last {
		s.step.Before = name
		_ = unix.Kill(s.program, unix.SIGKILL)
	}
}

// entered is the system call that a stopped thread is about to make; where it comes back from one, or wakes another thread of
// its own (a write of eight bytes at most), none.
func entered(pid int) uint64 {
	const getSyscallInfo, entry, size = 0x420e, 1, 88
	const wakeUp = 8
	var info [size]byte
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, getSyscallInfo, uintptr(pid), size, uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 || info[0] != entry {
		return ^uint64(0)
	}
	number, length := binary.NativeEndian.Uint64(info[24:]), binary.NativeEndian.Uint64(info[48:])
	if number == unix.SYS_WRITE && length <= wakeUp {
		return ^uint64(0)
	}
	return number
}
