// Command dockwall is the firewall of Docker hosts: it makes the kernel refuse what a policy does not allow into
// containers, and shows what is in force.
//
// Data goes to stdout and talk to stderr, so that every output can be piped. Each verb has a view for people and one
// as JSON. Nothing is decided here: the verbs call the packages under internal and print what they say.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker.
var version = "unknown"

func main() { os.Exit(run()) }

// run is the whole program; it returns the exit code. A second interrupt ends the process at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	err := a.root().ExecuteContext(ctx)
	if text := message(err); text != "" {
		fmt.Fprintln(a.stderr, a.errStyle.bad("dockwall: ")+text)
	}
	if err != nil && ctx.Err() != nil {
		return exitInterrupted
	}
	return exitCode(err)
}
