// Command dockwall-testserver is what the testbed's containers run: dockwall-testserver NAME 80/tcp 53/udp
package main

import (
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/testbed/testserver"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: dockwall-testserver NAME PORT/PROTOCOL...")
		os.Exit(2)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, os.Interrupt)
	if _, err := testserver.Listen(os.Args[1], os.Args[2:]...); err != nil {
		fmt.Fprintln(os.Stderr, "dockwall-testserver:", err)
		os.Exit(1)
	}
	<-stop
}
