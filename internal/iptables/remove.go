package iptables

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/backend"
)

// Remove takes our jumps, chains and sets away, and what the nft variant made for them: built-in chains and the table,
// if nobody else uses them by now.
func (b *Backend) Remove(ctx context.Context) error {
	r, err := look(ctx, b.tools)
	if err != nil {
		return err
	}
	for _, f := range r.families() {
		if err := b.removeFamily(ctx, f, r.saved[f]); err != nil {
			return err
		}
	}
	lines := ""
	for _, name := range r.own() {
		lines += "destroy " + name + "\n"
	}
	if err := b.tools.destroy(ctx, lines); err != nil {
		return fmt.Errorf("all rules were removed, but %w", err)
	}
	return nil
}

func (b *Backend) removeFamily(ctx context.Context, f *family, s *saved) error {
	if !s.exists() {
		return nil
	}
	if err := b.tools.restore(ctx, f, removeText(s), false); err != nil {
		return fmt.Errorf("%s's rules could not be removed (those of the family before it are gone): %w", f.tool, said(err))
	}
	return b.removeMade(ctx, f, s)
}

// removeText is the transaction that removes everything of ours.
func removeText(s *saved) string {
	lines := []string{"*filter"}
	names := sortedNames(s.chains)
	for _, name := range names {
		lines = append(lines, declaration(name))
	}
	for _, j := range s.jumps {
		lines = append(lines, "-D "+j.chain+" "+j.text)
	}
	for _, name := range names {
		lines = append(lines, "-X "+name)
	}
	return strings.Join(append(lines, "COMMIT"), "\n") + "\n"
}

func sortedNames(chains map[string][]savedRule) []string { return slices.Sorted(maps.Keys(chains)) }

// removeMade removes the built-in chains and the table that were made for our rules. That others have come to use them
// is no error: the kernel then keeps them.
func (b *Backend) removeMade(ctx context.Context, f *family, s *saved) error {
	for _, name := range s.about().made {
		var err error
		switch {
		case name == "table": // behind the chains, whose names are in capitals
			err = removeEmptyTable(f)
		case s.policies[name] == "ACCEPT":
			err = b.tools.restore(ctx, f, "*filter\n-X "+name+"\nCOMMIT\n", false)
		}
		var refused *backend.RefusedError
		if err != nil && !errors.As(err, &refused) && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("the rules are removed, but not %s %s, which was made for them: %w", f.tool, name, err)
		}
	}
	return nil
}
