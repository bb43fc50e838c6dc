// Command dockwall-testbed keeps real Docker hosts in network namespaces, to try dockwall by hand. It is run as root,
// inside the source tree.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/dockwall/dockwall/internal/recorded"
	"github.com/dockwall/dockwall/internal/testbed"
)

const usage = `dockwall-testbed up [-name NAME] [-engine bookworm|trixie|forky] [-legacy] [DOCKERD-FLAG...]
dockwall-testbed run [-name NAME] [-network NETWORK] CONTAINER LISTEN[,LISTEN...] [PUBLISH...]
                              for example: run nginx 80/tcp,53/udp 7777:80 53:53/udp
dockwall-testbed status       the testbeds that are up, and how to enter them
dockwall-testbed down [-name NAME]
dockwall-testbed record [HOST...]
                              records the hosts in internal/recorded/testdata anew, which takes minutes
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dockwall-testbed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errors.New("say what to do")
	}
	flags := flag.NewFlagSet("dockwall-testbed "+args[0], flag.ExitOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	name := flags.String("name", "byhand", "the testbed's name")
	engine := flags.String("engine", "bookworm", "the Debian suite that the engine comes from")
	legacy := flags.Bool("legacy", false, "the engine uses iptables-legacy")
	network := flags.String("network", "", "the container's network")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "up":
		return up(ctx, *name, testbed.EngineOptions{Suite: *engine, Legacy: *legacy, Flags: flags.Args()})
	case "run":
		return runContainer(ctx, *name, *network, flags.Args())
	case "status":
		return status()
	case "down":
		return testbed.Down(*name)
	case "record":
		return recorded.Record(ctx, filepath.Join("internal", "recorded", "testdata"), flags.Args(), func(host string) { fmt.Println(host) })
	}
	flags.Usage()
	return fmt.Errorf("%q is not something it does", args[0])
}

func up(ctx context.Context, name string, engine testbed.EngineOptions) error {
	if _, err := testbed.New(ctx, testbed.Options{Name: name, Keep: true, Engine: engine}); err != nil {
		return err
	}
	return status()
}

func runContainer(ctx context.Context, name, network string, args []string) error {
	if len(args) < 2 {
		return errors.New("run needs a name for the container and the ports it listens on: run nginx 80/tcp 7777:80")
	}
	engine, err := testbed.Attach(name)
	if err != nil {
		return err
	}
	c := testbed.Container{Name: args[0], Listen: strings.Split(args[1], ","), Publish: args[2:]}
	if network != "" {
		c.Networks = []string{network}
	}
	_, err = engine.RunContainer(ctx, c)
	return err
}

func status() error {
	records, err := testbed.Status()
	if err != nil {
		return err
	}
	for _, r := range records {
		fmt.Printf("%s: docker of Debian %s\n  export DOCKER_HOST=%s\n", r.Name, r.Suite, r.DockerHost())
		for _, namespace := range r.Namespaces {
			machine := strings.TrimPrefix(namespace, r.Name+"-")
			fmt.Printf("  nsenter --net=/run/netns/%-20s %s\n", namespace, strings.Join(testbed.Addresses(machine), " "))
		}
	}
	return nil
}
