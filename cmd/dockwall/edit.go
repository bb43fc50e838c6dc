package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/policy"
)

const (
	addHelp = `Adds one sentence to the policy file and keeps everything else in it as it is. The sentence is what a
rule says, without quotes:

  dockwall ACTION 8123/tcp from 192.168.0.0/24

It goes into ingress, from outside into containers, unless only egress can have it (from a container, to
an address) or --egress is given. The whole policy is checked before the file is written.

With --apply --confirm TIME it is tried first: the file is written by "dockwall confirm" (see dockwall help
apply).`
	removeHelp = `Takes one sentence out of the policy file and keeps everything else in it as it is:

  dockwall remove allow 8123/tcp from 192.168.0.0/24

It is looked for in ingress, then in egress. The whole policy is checked before the file is written. With
--apply --confirm TIME it is tried first: the file is written by "dockwall confirm" (see dockwall help apply).`
)

// edit is one of the verbs that edit the policy.
type edit struct {
	*app
	done   string // "added", "removed"
	begins string // the sentence's first word, where the verb is it
	change func(*enforce.Enforcer, context.Context, *policy.Section, string) (*enforce.Edited, error)

	egress bool
	apply  bool
	how    applying
	within string
}

func (a *app) addVerb(action string) *cobra.Command {
	e := &edit{app: a, done: "added", begins: action + " ", change: (*enforce.Enforcer).Add}
	return e.verb(&cobra.Command{
		Use:               action + " SENTENCE",
		Short:             "Add a sentence to the policy file: " + action + " ...",
		Long:              strings.ReplaceAll(addHelp, "ACTION", action),
		ValidArgsFunction: a.completeSentence,
	})
}

func (a *app) removeVerb() *cobra.Command {
	e := &edit{app: a, done: "removed", change: (*enforce.Enforcer).Remove}
	return e.verb(&cobra.Command{
		Use:               "remove SENTENCE",
		Short:             "Take a sentence out of the policy file",
		Long:              removeHelp,
		ValidArgsFunction: a.completeRule,
	})
}

// verb gives the command what all the editing verbs have in common.
func (e *edit) verb(c *cobra.Command) *cobra.Command {
	c.Args = cobra.MinimumNArgs(1)
	c.RunE = func(c *cobra.Command, words []string) error { return e.run(c, strings.Join(words, " ")) }
	c.Flags().BoolVar(&e.egress, "egress", false, "the sentence is about where containers go")
	c.Flags().BoolVar(&e.apply, "apply", false, "put the policy in force afterwards")
	c.Flags().BoolVarP(&e.how.yes, "yes", "y", false, "with --apply: do not ask")
	confirmFlag(c, &e.within)
	return c
}

func (e *edit) run(c *cobra.Command, sentence string) error {
	if err := e.check(c); err != nil {
		return err
	}
	enforcer, err := e.enforcer()
	if err != nil {
		return err
	}
	enforcer.Try = e.how.within > 0
	var section *policy.Section
	if e.egress {
		egress := policy.Egress
		section = &egress
	}
	edited, err := e.change(enforcer, c.Context(), section, e.begins+sentence)
	if err != nil {
		return err
	}
	for _, problem := range edited.Warnings {
		e.say(problem.Caret())
	}
	if !e.apply {
		return e.show(edited)
	}
	if e.how.draft = enforcer.Draft; e.how.draft != nil {
		e.say("tried, and in the file when it is confirmed: " + e.sentence(edited))
	} else {
		e.say(e.sentence(edited))
	}
	return e.app.apply(c, e.how)
}

// check looks at the flags before anything else.
func (e *edit) check(c *cobra.Command) error {
	if !e.apply {
		if c.Flags().Changed("confirm") {
			return errors.New("--confirm goes with --apply: without it nothing is put in force")
		}
		return nil
	}
	if err := e.needHost(c); err != nil {
		return err
	}
	return e.how.readWithin(c, e.within)
}

// sentence is what was done: "added to ingress, /etc/dockwall/policy.yaml:7: allow 8123/tcp from office".
func (e *edit) sentence(edited *enforce.Edited) string {
	r := edited.Rule
	preposition := " to "
	if e.done == "removed" {
		preposition = " from "
	}
	return e.done + preposition + r.Section.String() + ", " + place(r.Position) + ": " + r.String()
}

type editView struct {
	Done     string `json:"done"`
	Section  string `json:"section"`
	Sentence string `json:"sentence"`
	File     string `json:"file"`
	Line     int    `json:"line"`
}

func (e *edit) show(edited *enforce.Edited) error {
	r := edited.Rule
	if e.json {
		return e.printJSON(editView{e.done, r.Section.String(), r.String(), r.Position.File, r.Position.Line})
	}
	e.printf("%s\n", e.sentence(edited))
	e.say("not in force yet: dockwall apply")
	return nil
}
