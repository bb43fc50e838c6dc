package iptables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
)

// Apply runs the sections of a change in their order. Refused by a program: a *backend.RefusedError, and everything
// that was done before is undone.
func (b *Backend) Apply(ctx context.Context, c backend.Change) error {
	sections, err := Sections(c.Text)
	if err != nil {
		return err
	}
	before, err := b.before(ctx, sections)
	if err != nil {
		return err
	}
	for i, s := range sections {
		if err := b.run(ctx, s); err != nil {
			return b.undo(context.WithoutCancel(ctx), sections[:i+1], before, err)
		}
	}
	return nil
}

// before is what has to be known to undo sections.
type before struct {
	ipv4 *saved   // nil: there is no transaction after IPv4's that may be refused
	sets []string // the names of our sets
}

func (b *Backend) before(ctx context.Context, sections []Section) (was before, err error) {
	if has(sections, SetsHeader) {
		if was.sets, err = b.tools.setNames(ctx); err != nil {
			return was, err
		}
	}
	if has(sections, IPv4Header) && has(sections, IPv6Header) {
		was.ipv4, err = lookAt(ctx, b.tools, ipv4)
	}
	return was, err
}

func has(sections []Section, header string) bool {
	return slices.ContainsFunc(sections, func(s Section) bool { return s.Header == header })
}

// run runs one section.
func (b *Backend) run(ctx context.Context, s Section) error {
	switch s.Header {
	case IPv4Header:
		return b.tools.restore(ctx, ipv4, s.Text, false)
	case IPv6Header:
		return b.tools.restore(ctx, ipv6, s.Text, false)
	case OldSetsHeader:
		return b.tools.destroy(ctx, s.Text)
	}
	_, err := b.tools.ipset(ctx, s.Text)
	return err
}

// undo takes back what the sections did, the last of which failed for a reason.
func (b *Backend) undo(ctx context.Context, done []Section, was before, reason error) error {
	last := done[len(done)-1]
	if last.Header == OldSetsHeader {
		return fmt.Errorf("the new rules are in force, but %w", reason)
	}
	if last.Header == IPv6Header && was.ipv4 != nil {
		if err := b.putBack(ctx, was.ipv4); err != nil {
			return fmt.Errorf("IPv6's rules were not taken: %w; IPv4's are the new ones, and could not be put back: %w",
				said(reason), said(err))
		}
		reason = fmt.Errorf("IPv6's rules were not taken, and IPv4's were put back: %w", reason)
	}
	if err := b.destroyNew(ctx, was.sets, done); err != nil {
		return fmt.Errorf("%w (new sets stay behind, which no rule uses: %w)", reason, err)
	}
	return reason
}

// said is an error without the claim of a *backend.RefusedError that nothing was changed.
func said(err error) error {
	var refused *backend.RefusedError
	if errors.As(err, &refused) {
		return fmt.Errorf("%s said: %s", refused.Tool, refused.Message)
	}
	return err
}

// putBack makes IPv4's rules what they were, counters included.
func (b *Backend) putBack(ctx context.Context, before *saved) error {
	now, err := lookAt(ctx, b.tools, ipv4)
	if err != nil {
		return err
	}
	return b.tools.restore(ctx, ipv4, restoreText(before, now), true)
}

// restoreText is the transaction that leads from one state of our rules back to an earlier one.
func restoreText(before, now *saved) string {
	var empty, fill, remove []string
	for _, name := range sortedNames(now.chains) {
		empty = append(empty, declaration(name))
		if _, existed := before.chains[name]; !existed {
			remove = append(remove, "-X "+name)
		}
	}
	for _, name := range sortedNames(before.chains) {
		empty = append(empty, declaration(name))
		for _, r := range before.chains[name] {
			fill = append(fill, r.counters()+" -A "+name+" "+r.text)
		}
	}
	for _, j := range now.jumps {
		fill = append(fill, "-D "+j.chain+" "+j.text)
	}
	for _, j := range before.jumps { // each chain's in their order, so that the places come true one after the other
		fill = append(fill, fmt.Sprintf("%s -I %s %d %s", j.counters(), j.chain, j.place+1, j.text))
	}
	lines := slices.Concat([]string{"*filter"}, empty, fill, remove, []string{"COMMIT"})
	return strings.Join(lines, "\n") + "\n"
}

func (r savedRule) counters() string { return fmt.Sprintf("[%d:%d]", r.packets, r.bytes) }

// destroyNew destroys the sets that the sections made.
func (b *Backend) destroyNew(ctx context.Context, old []string, done []Section) error {
	if !has(done, SetsHeader) {
		return nil
	}
	names, err := b.tools.setNames(ctx)
	if err != nil {
		return err
	}
	text := ""
	for _, name := range names {
		if !slices.Contains(old, name) {
			text += "destroy " + name + "\n"
		}
	}
	return b.tools.destroy(ctx, text)
}
