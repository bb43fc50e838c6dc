package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

const statusHelp = `Shows what is in force: since when, by which backend, every rule with the line it comes from and
what it has counted, and what differs from the policy. Without a policy it shows what is installed.

Exit code 0: in force, as the policy says; 2: in force, but something differs; 5: in force, but there was
no policy or no Docker engine to compare with; 6: nothing is in force.`

func (a *app) statusVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show what is in force",
		Long:  statusHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.needRoot(c); err != nil {
				return err
			}
			e, err := a.enforcer()
			if err != nil {
				return err
			}
			if a.snapshot != "" {
				e.StateDir = "" // what waits on this machine is not the snapshot's
			}
			s, err := e.Status(c.Context())
			if err != nil {
				return err
			}
			if a.json {
				return errors.Join(a.printJSON(statusOf(s)), result(statusCode(s)))
			}
			a.warnings(s.Prepared)
			a.showStatus(s)
			if s.Uncompared != nil {
				a.say("not compared with the policy: " + message(s.Uncompared))
			}
			return result(statusCode(s))
		},
	}
}

// statusCode: errors of the policy count most, because nothing could be compared with it.
func statusCode(s *enforce.Status) int {
	var noEngine *host.NoEngineError
	var noPolicy *enforce.NoPolicyError
	switch code := exitCode(s.Uncompared); {
	case s.Backend == "":
		return exitNotInForce
	case errors.As(s.Uncompared, &noEngine), errors.As(s.Uncompared, &noPolicy):
		return exitNotCompared
	case code != exitDone:
		return code
	case !s.Equal():
		return exitDifferent
	}
	return exitDone
}

func (a *app) showStatus(s *enforce.Status) {
	a.printf("%s\n", a.headline(s))
	a.showWaiting(s)
	for _, section := range []policy.Section{policy.Ingress, policy.Egress} {
		a.showRules(s, section)
	}
	for _, name := range s.Also {
		a.printf("\nthe %s backend has rules installed as well; dockwall apply removes them\n", name)
	}
}

// showWaiting says what waits for its confirmation, and what was refused it.
func (a *app) showWaiting(s *enforce.Status) {
	now, _ := confirm.Now() // without it, nothing is said to be over that may not be
	switch p := s.Waits; {
	case p != nil && now.Boot != "" && p.Due(now):
		a.printf("%s: until %s, and %s is not back yet: dockwall rollback\n", a.style.bad("not confirmed in time"),
			p.Until.Local().Format(time.DateTime), p.Goal())
	case p != nil:
		a.printf("%s: until %s, then %s comes back (to keep it: dockwall confirm, over a new connection; to go back now: dockwall rollback)\n",
			a.style.doubtful("not confirmed"), p.Until.Local().Format(time.DateTime), p.Goal())
	case s.Refused != nil:
		a.printf("%s\n", a.style.doubtful(s.Refused.Error()))
	}
}

func (a *app) headline(s *enforce.Status) string {
	if s.Backend == "" {
		return a.style.bad("nothing is in force") + ": every published port is as open as Docker makes it"
	}
	since := ""
	if !s.Since.IsZero() {
		since = " since " + s.Since.Local().Format(time.DateTime)
	}
	text := a.style.good("in force") + since + " (" + s.Backend + ")"
	switch {
	case s.Uncompared != nil:
		return text
	case s.Equal():
		return text + ", as the policy says"
	case s.Differs == "":
		return text
	}
	return text + ", but " + a.style.bad("it differs from the policy") + ": " + s.Differs
}

// showRules is a table of one section: counters first, because they are short, then the sentence and where it stands.
func (a *app) showRules(s *enforce.Status, section policy.Section) {
	var rows []string
	for _, r := range s.Rules {
		if r.Section == section {
			rows = append(rows, fmt.Sprintf("%d\t%d\t%s\t%s\t%s", r.Packets, r.Bytes, r.Rule.Sentence,
				place(r.Rule.Position), a.remark(r.State)))
		}
	}
	rows = append(rows, defaultRows(s.Defaults, section)...)
	if len(rows) == 0 {
		return
	}
	a.printf("\n%s\n", a.style.title(section.String()))
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "packets\tbytes\trule\tfrom\t")
	for _, row := range rows {
		fmt.Fprintln(table, row)
	}
	_ = table.Flush()
}

// remark is what there is to say about a rule that is not simply in force.
func (a *app) remark(state enforce.State) string {
	if state == enforce.InForce {
		return ""
	}
	return string(state)
}

// place is the file and line of a rule. Comments have no column.
func place(p policy.Position) string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// defaultRows are what no rule decided, both families and all ways into the section together.
func defaultRows(defaults []backend.Line, section policy.Section) []string {
	var packets, bytes uint64
	var actions []string
	for _, l := range defaults {
		if (l.Way == backend.Egress) != (section == policy.Egress) {
			continue
		}
		packets += l.Packets
		bytes += l.Bytes
		if text := l.Action.String(); !strings.Contains(strings.Join(actions, " "), text) {
			actions = append(actions, text)
		}
	}
	if len(actions) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d\t%d\t%s everything else\tdefaults\t", packets, bytes, strings.Join(actions, "/"))}
}
