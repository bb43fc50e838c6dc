package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/story"
)

// rulesFile are the flags of verbs that can look at nothing but a text of rules.
type rulesFile struct{ four, six string }

func (r *rulesFile) flags(c *cobra.Command) {
	c.Flags().StringVar(&r.four, "iptables-save", "",
		"look at this output of iptables-save instead of the host; needs neither root nor Docker")
	c.Flags().StringVar(&r.six, "ip6tables-save", "", "with or instead of --iptables-save, for IPv6")
	_ = c.MarkFlagFilename("iptables-save")
	_ = c.MarkFlagFilename("ip6tables-save")
}

func (r *rulesFile) given() bool { return r.four != "" || r.six != "" }

// scene is the host with its rules: as it is now, of a snapshot, or of a saved text alone.
func (a *app) scene(c *cobra.Command, r *rulesFile) (story.Scene, error) {
	if r.given() {
		return a.savedScene(r)
	}
	if err := a.needRoot(c); err != nil {
		return story.Scene{}, err
	}
	s, err := a.rules(c.Context())
	var noEngine *host.NoEngineError
	if errors.As(err, &noEngine) {
		a.warn(fmt.Sprintf("nothing is known of containers: %v", err))
	} else if err != nil {
		return story.Scene{}, err
	}
	return story.Scene{Machine: capture.Snapshot(s), Host: s.Host}, nil
}

func (a *app) savedScene(r *rulesFile) (story.Scene, error) {
	if a.snapshot != "" {
		return story.Scene{}, errors.New("--snapshot and --iptables-save are two hosts: leave one of them out")
	}
	var texts [2]string
	for i, name := range []string{r.four, r.six} {
		if name == "" {
			continue
		}
		text, err := readText(a.stdin, name)
		if errors.Is(err, os.ErrNotExist) {
			return story.Scene{}, fmt.Errorf("there is no file %s", name)
		}
		if err != nil {
			return story.Scene{}, fmt.Errorf("the rules cannot be read: %w", err)
		}
		texts[i] = text
	}
	return story.Scene{Machine: capture.IPTablesSave(texts[0], texts[1]), Host: &host.Host{}}, nil
}

// missing says what is not known of the host.
func (a *app) missing(sentences []string) {
	for _, text := range sentences {
		a.say(a.errStyle.doubtful("not known: ") + text)
	}
}
