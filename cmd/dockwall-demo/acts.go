package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/moby/client"

	"github.com/dockwall/dockwall/internal/testbed"
)

// recipe is the policy that does what the well-known rules in DOCKER-USER do by hand.
const recipe = `version: 1
ingress:                        # what no rule allows is refused
  - allow 8123/tcp from office
  - allow 6379/tcp from any
sets:
  office: [192.168.0.0/24, "2001:db8::7"]
`

// published is what the demo's host offers.
var published = []testbed.Container{
	{Name: "clickhouse", Listen: []string{"8123/tcp"}, Publish: []string{"8123:8123"}},
	{Name: "redis", Listen: []string{"6379/tcp"}, Publish: []string{"6379:6379"}},
	{Name: "nginx", Listen: []string{"80/tcp"}, Publish: []string{"7777:80"}},
}

func (d *demo) startEngine(ctx context.Context) error {
	d.headline("A Docker host, with an office and the internet around it")
	root := filepath.Join(testbed.CacheDir(), "engines", testbed.Suites[0])
	if _, err := os.Stat(root); err != nil {
		d.say("Getting the Docker engine of Debian %s, once, into %s. This takes a minute or two.", testbed.Suites[0], root)
	}
	bed, err := testbed.New(ctx, testbed.Options{})
	if err != nil {
		return err
	}
	d.bed = bed
	version, err := bed.Engine.Client.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return err
	}
	d.say("docker %s on %s and %s, in namespaces of its own", version.Version, testbed.HostIPv4, testbed.HostIPv6)
	d.say("office   %s and %s", testbed.OfficeIPv4, testbed.OfficeIPv6)
	d.say("internet %s and %s", testbed.InternetIPv4, testbed.InternetIPv6)
	return nil
}

func (d *demo) publish(ctx context.Context) error {
	for _, c := range published {
		d.command("docker run --name %s -p %s …", c.Name, strings.Join(c.Publish, " -p "))
		if _, err := d.bed.Engine.RunContainer(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) asDockerLeavesIt(ctx context.Context) error {
	d.headline("As Docker leaves it: open to everybody")
	return d.table(ctx, everyone, everyone, everyone)
}

func (d *demo) apply(ctx context.Context) error {
	d.headline("The policy")
	d.text(recipe)
	if err := os.WriteFile(d.policy, []byte(recipe), 0o600); err != nil {
		return err
	}
	return d.run(ctx, "apply", "--yes")
}

func (d *demo) fromOutside(ctx context.Context) error {
	d.headline("What the clients see now")
	if err := d.table(ctx, []string{"office"}, everyone, nil); err != nil {
		return err
	}
	return d.goOut(ctx)
}

// goOut lets a container talk to a server on the internet: answers to it are not ingress.
func (d *demo) goOut(ctx context.Context) error {
	server, err := d.bed.Internet.Serve("internet", "443/tcp")
	if err != nil {
		return err
	}
	defer server.Close()
	browser, err := d.bed.Engine.RunContainer(ctx, testbed.Container{Name: "browser"})
	if err != nil {
		return err
	}
	answer := browser.Dial(ctx, "tcp", testbed.InternetIPv4+":443")
	if answer.Outcome != testbed.Open {
		d.wrong++
		d.say("a container goes out: %s", d.bad(answer.String()))
		return ctx.Err()
	}
	d.say("a container goes out and gets its answer: %s", d.good("open"))
	return nil
}

func (d *demo) status(ctx context.Context) error {
	d.headline("What is in force")
	return d.run(ctx, "status")
}

func (d *demo) reset(ctx context.Context) error {
	d.headline("And back to Docker's own state")
	if err := d.run(ctx, "reset", "--yes"); err != nil {
		return err
	}
	return d.table(ctx, everyone, everyone, everyone)
}

// run shows a verb of dockwall and what it prints; another exit code than 0 ends the show.
func (d *demo) run(ctx context.Context, args ...string) error {
	d.command("dockwall %s", strings.Join(args, " "))
	result, err := d.bed.Dockwall(ctx, d.dockwall, append(args, "--policy", d.policy)...)
	if err != nil {
		return err
	}
	d.text(result.Stdout + result.Stderr)
	if result.Exit != 0 {
		return fmt.Errorf("dockwall %s: exit code %d", strings.Join(args, " "), result.Exit)
	}
	return nil
}
