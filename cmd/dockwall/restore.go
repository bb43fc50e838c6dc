package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
)

const restoreHelp = `Puts back what was in force last, from the history alone: it needs neither Docker nor the policy, and
runs no tests. It is for the way up of a machine, before the network and Docker, so that no published port
is open until the guard looks. Where something is in force already, or the last that happened is a reset,
or nothing was ever in force, it changes nothing. What waited for its confirmation when the machine went
down (dockwall apply --confirm) is not put back, but what was in force before it.

An entry of the history that is damaged is told, and the one before it is put back.`

func (a *app) restoreVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "restore",
		Short: "Put back what was in force before the machine was restarted",
		Long:  restoreHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			return a.restore(c)
		},
	}
}

// restoredView is restore for programs. Exactly one of its parts says what happened.
type restoredView struct {
	Restored int      `json:"restored,omitempty"` // the number of the entry
	Already  []string `json:"already,omitempty"`  // backends that had rules
	Nothing  string   `json:"nothing,omitempty"`  // why there was nothing to put back
}

func (a *app) restore(c *cobra.Command) error {
	e, err := a.enforcer()
	if err != nil {
		return err
	}
	r, err := e.Restore(c.Context())
	if err != nil {
		return err
	}
	if r.Back != nil {
		return a.showReturned(r.Back)
	}
	if r.Damaged != nil {
		a.warn("the newest of the history cannot be read, and what was before it is taken: " + r.Damaged.Error())
	}
	view := restoredOf(r)
	if a.json {
		return a.printJSON(view)
	}
	switch {
	case view.Nothing != "":
		a.say("nothing to put back: " + view.Nothing)
	case len(view.Already) > 0:
		a.say("nothing was changed: rules of the " + view.Already[0] + " backend are installed already")
	default:
		a.say(fmt.Sprintf("put back entry %d of the history (%s, of %s)", view.Restored, r.Entry.Backend, r.Entry.Time.Local().Format(time.DateTime)))
	}
	return nil
}

func restoredOf(r enforce.Restored) restoredView {
	switch {
	case r.Entry == nil:
		return restoredView{Nothing: "nothing was in force yet"}
	case r.Entry.Empty():
		return restoredView{Nothing: "the last that happened was dockwall reset"}
	case len(r.Already) > 0:
		return restoredView{Already: r.Already}
	}
	return restoredView{Restored: r.Entry.Number}
}
