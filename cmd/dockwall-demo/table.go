package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/dockwall/dockwall/internal/testbed"
)

var everyone = []string{"office", "internet"}

// column is one client by one family.
type column struct {
	client string
	title  string
	host   string // the address that it dials
}

var columns = []column{
	{"office", "office IPv4", testbed.HostOffice},
	{"office", "office IPv6", "[" + testbed.HostIPv6 + "]"},
	{"internet", "internet IPv4", testbed.HostIPv4},
	{"internet", "internet IPv6", "[" + testbed.HostIPv6 + "]"},
}

// table dials each published port from every client by both families. For each container, who is to find it open is
// given; for everybody else it must be refused.
func (d *demo) table(ctx context.Context, mayReach ...[]string) error {
	header := fmt.Sprintf("%-12s %-5s", "", "port")
	for _, c := range columns {
		header += fmt.Sprintf("  %-13s", c.title)
	}
	d.say("%s", header)
	for i, container := range published {
		port, _, _ := strings.Cut(container.Publish[0], ":")
		d.say("%-12s %-5s%s", container.Name, port, d.row(ctx, container.Name, port, mayReach[i]))
	}
	return ctx.Err()
}

func (d *demo) row(ctx context.Context, server, port string, mayReach []string) string {
	answers := make([]testbed.Answer, len(columns))
	var all sync.WaitGroup
	for i, c := range columns {
		all.Go(func() { answers[i] = d.client(c.client).Dial(ctx, "tcp", c.host+":"+port) })
	}
	all.Wait()
	var row strings.Builder
	for i, c := range columns {
		row.WriteString("  " + d.cell(answers[i], server, slices.Contains(mayReach, c.client)))
	}
	return row.String()
}

func (d *demo) client(name string) *testbed.Station {
	if name == "office" {
		return d.bed.Office
	}
	return d.bed.Internet
}

func (d *demo) cell(a testbed.Answer, server string, wanted bool) string {
	text := fmt.Sprintf("%-13s", a.Outcome)
	switch {
	case wanted && a.Outcome == testbed.Open && a.Reply.Server == server:
		return d.good(text)
	case !wanted && a.Outcome == testbed.Refused:
		return d.shut(text)
	}
	d.wrong++
	return d.bad(fmt.Sprintf("%-13s", string(a.Outcome)+" (wrong)"))
}
