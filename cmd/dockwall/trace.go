package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/walk"
)

const traceHelp = `Follows one packet through the host as the kernel would, and tells its way: hook by hook, NAT, the
routing decision, docker-proxy with its own connection, and what the client sees in the end.

  dockwall trace 198.51.100.7 8123/tcp           # from outside to a port of the host
  dockwall trace web 1.1.1.1:443/tcp             # from a container
  dockwall trace 10.0.0.1 web:80                 # straight to a container's address
  dockwall trace 198.51.100.7 192.168.0.1 icmp   # a ping

An end is an address, a container's name (or its compose project/service), or "host". Without an
address to dial it is the host's on the interface where the sender arrives, which is the one that
routes back to it; --in names another.

Exit code 0: it gets there; 7: it does not; 8: that hangs on what is not known.`

// traceFlags are the flags of trace.
type traceFlags struct {
	request           story.Request
	rules             rulesFile
	later, answer     bool
	detailed, minimal bool
}

func (a *app) traceVerb() *cobra.Command {
	var f traceFlags
	c := &cobra.Command{
		Use:               "trace [FROM] [TO] PORT/PROTOCOL",
		Short:             "Follow one packet through the host",
		Long:              traceHelp,
		Args:              cobra.RangeArgs(1, 3),
		ValidArgsFunction: a.completeTrace,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.read(args); err != nil {
				return err
			}
			return a.trace(c, &f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.request.From, "from", "", "who sends: an address, a container, or host")
	flags.StringVar(&f.request.To, "to", "", "the dialled address, or a container")
	flags.StringVar(&f.request.In, "in", "", "the interface where the packet arrives")
	flags.Uint16Var(&f.request.SourcePort, "sport", 0, "the sender's port (40000)")
	flags.BoolVar(&f.later, "later", false, "follow a later packet of the conversation, after it was answered")
	flags.BoolVar(&f.answer, "answer", false, "follow the answer")
	flags.BoolVar(&f.request.Assume, "established", false,
		"with --later or --answer: the conversation exists already, even if it would be refused now")
	flags.BoolVar(&f.detailed, "detailed", false, "show every rule that the packet meets")
	flags.BoolVar(&f.minimal, "minimal", false, "print one line, for scripts")
	f.rules.flags(c)
	c.MarkFlagsMutuallyExclusive("later", "answer")
	c.MarkFlagsMutuallyExclusive("detailed", "minimal")
	return c
}

// read takes the words without flags: what --from and --to say is left out of them.
func (f *traceFlags) read(args []string) error {
	f.request.Target = args[len(args)-1]
	args = args[:len(args)-1]
	for _, into := range []*string{&f.request.From, &f.request.To} {
		if *into == "" && len(args) > 0 {
			*into, args = args[0], args[1:]
		}
	}
	switch {
	case len(args) > 0:
		return fmt.Errorf("%q is one word too many: the sender and the destination are there already", args[0])
	case f.request.Assume && !f.later && !f.answer:
		return errors.New("--established is about later packets: add --later or --answer")
	case f.later:
		f.request.Moment = walk.Later
	case f.answer:
		f.request.Moment = walk.Answer
	}
	return nil
}

func (a *app) trace(c *cobra.Command, f *traceFlags) error {
	scene, err := a.scene(c, &f.rules)
	if err != nil {
		return err
	}
	question, err := scene.Ask(f.request)
	if err != nil {
		return err
	}
	told := scene.Tell(question)
	switch {
	case a.json:
		err = a.printJSON(told)
	case f.minimal:
		a.printf("%s\n", told.Minimal())
	default:
		told.Print(a.stdout, a.storyStyle(), f.detailed)
		a.missing(told.Missing)
	}
	return errors.Join(err, result(traceCode(told.Verdict)))
}

func traceCode(v story.Verdict) int {
	switch v {
	case story.Reaches:
		return exitDone
	case story.Possibly:
		return exitPossibly
	}
	return exitNotReached
}

func (a *app) storyStyle() story.Style {
	return story.Style{Good: a.style.good, Bad: a.style.bad, Doubtful: a.style.doubtful, Title: a.style.title}
}
