package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const manualHelp = `Writes the manual pages of dockwall and its verbs into a directory, for packagers: dockwall.8 and
dockwall-VERB.8. They say the same as "dockwall help VERB".`

func (a *app) manualVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "manual DIRECTORY",
		Short: "Write the manual pages",
		Long:  manualHelp,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			for _, page := range append([]*cobra.Command{root}, root.Commands()...) {
				if page.Hidden || page.Name() == "help" {
					continue
				}
				path := filepath.Join(args[0], pageName(page)+".8")
				if err := os.WriteFile(path, []byte(manualPage(page)), 0o644); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// pageName is dockwall, or dockwall-apply.
func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manualPage is a command's page in the language of man(7). It has no date, so that the same command always writes the
// same page.
func manualPage(c *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 8 \"\" \"dockwall %s\" \"System administration\"\n", strings.ToUpper(pageName(c)), roff(version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(pageName(c)), roff(c.Short))
	if c.Runnable() || !c.HasParent() {
		fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(c.UseLine()))
	}
	description := c.Long
	if description == "" {
		description = c.Short + "."
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", roff(description))
	flagSection(&b, "OPTIONS", c.LocalNonPersistentFlags())
	flagSection(&b, "OPTIONS OF ALL VERBS", c.Root().PersistentFlags())
	b.WriteString(".SH SEE ALSO\n" + strings.Join(related(c), "\n") + "\n")
	return b.String()
}

func flagSection(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		kind, usage := pflag.UnquoteUsage(f)
		fmt.Fprintf(b, ".TP\n.B %s\n%s", roff(strings.TrimSpace(name+" "+kind)), roff(usage))
		if f.DefValue != "" && f.DefValue != "false" {
			fmt.Fprintf(b, " (%s)", roff(f.DefValue))
		}
		b.WriteString("\n")
	})
}

// related are the pages of the other commands: all for the root, and the root for a verb.
func related(c *cobra.Command) []string {
	if c.HasParent() {
		return []string{".BR " + roff(pageName(c.Root())) + " (8)"}
	}
	var pages []string
	for _, verb := range c.Commands() {
		if !verb.Hidden && verb.Name() != "help" {
			pages = append(pages, ".BR "+roff(pageName(verb))+" (8)")
		}
	}
	return pages
}

// roff is text that no macro and no escape begins in.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
