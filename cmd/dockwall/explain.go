package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/atomicfile"
	"github.com/dockwall/dockwall/internal/explain"
)

const explainHelp = `Draws this host's map: which ways packets take to containers and out of them, hook by hook with the
chains that stand there, in order of priority over all tools; where Docker, dockwall, ufw, firewalld
and others stand; and which networks and containers are behind.

As text, as a drawing (--svg FILE) or as a page (--html FILE) that need nothing else. FILE "-" is
standard output.`

func (a *app) explainVerb() *cobra.Command {
	var rules rulesFile
	var svg, html string
	c := &cobra.Command{
		Use:   "explain",
		Short: "Draw the ways of packets through the host",
		Long:  explainHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			scene, err := a.scene(c, &rules)
			if err != nil {
				return err
			}
			m := explain.New(scene.Machine, scene.Host)
			switch {
			case a.json:
				return a.printJSON(m)
			case svg == "" && html == "":
				m.Text(a.stdout, a.style.title)
				return nil
			}
			return errors.Join(a.draw(svg, m.SVG), a.draw(html, m.HTML))
		},
	}
	c.Flags().StringVar(&svg, "svg", "", "write a drawing to this file")
	c.Flags().StringVar(&html, "html", "", "write a page to this file")
	_ = c.MarkFlagFilename("svg", "svg")
	_ = c.MarkFlagFilename("html", "html")
	rules.flags(c)
	return c
}

// draw writes one view to a file, "" to none. What was there stays until everything is on the disk.
func (a *app) draw(path string, view func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	var b bytes.Buffer
	if err := view(&b); err != nil {
		return err
	}
	if path == "-" {
		_, err := a.stdout.Write(b.Bytes())
		return err
	}
	if err := atomicfile.Write(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("the map was not written: %w", err)
	}
	a.say("the map is in " + path)
	return nil
}
