package backend

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// InThrowaway calls f on a thread in a network namespace of its own, which is gone afterwards. Programs that f starts
// are in it too. It needs root.
func InThrowaway(f func() error) error {
	done := make(chan error, 1)
	go onOwnThread(func() {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("making a network namespace (this needs root): %w", err)
			return
		}
		done <- f()
	})
	return <-done
}

// onOwnThread calls f on a thread that ends with the goroutine, because the lock on it is never given back. The main
// thread never ends, and /proc/self shows where it is: while this goroutine holds it, another one takes another thread.
func onOwnThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		onOwnThread(f)
	}()
	<-done
}
