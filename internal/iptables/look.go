package iptables

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
)

// look reads a host. It makes nothing: merely listing a table can bring it into being.
func look(ctx context.Context, t tools) (*reading, error) {
	r := &reading{variant: t.variant, saved: map[*family]*saved{}}
	for _, f := range families {
		if f == ipv6 && !hasIPv6() {
			continue
		}
		var err error
		if r.saved[f], err = lookAt(ctx, t, f); err != nil {
			return nil, err
		}
	}
	sets, err := savedSets(ctx, t)
	if err != nil && r.exists() {
		return nil, err
	}
	r.sets = sets // without rules of ours it does not matter why there are none
	if len(sets) > 0 {
		r.elsewhere = usedElsewhere(ctx, t)
	}
	return r, nil
}

// usedSet is a set of ours in a rule.
var usedSet = regexp.MustCompile("--match-set (" + setPrefix + `\S+)`)

// usedElsewhere are the sets that our rules in the other variant of iptables use. If it cannot be read there are none:
// the kernel destroys no set that is in use.
func usedElsewhere(ctx context.Context, t tools) map[string]bool {
	used := map[string]bool{}
	other, known := map[string]string{"nft": "legacy", "legacy": "nft"}[t.variant]
	if !known {
		return used
	}
	for _, f := range families {
		s, err := lookAt(ctx, tools{other}, f)
		if err != nil {
			continue
		}
		for _, rules := range s.chains {
			for _, r := range rules {
				for _, found := range usedSet.FindAllStringSubmatch(r.text, -1) {
					used[found[1]] = true
				}
			}
		}
	}
	return used
}

// hasIPv6 tells whether the kernel speaks IPv6 at all. If not, there is nothing to guard and no ip6tables.
func hasIPv6() bool {
	_, err := os.Stat("/proc/thread-self/net/if_inet6")
	return err == nil
}

// lookAt reads one family.
func lookAt(ctx context.Context, t tools, f *family) (*saved, error) {
	missing, exists, err := parts(ctx, t, f)
	if err != nil {
		return nil, err
	}
	s := newSaved()
	if exists {
		text, err := t.save(ctx, f)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(text, "*filter\n") {
			return nil, unreadable(f, text)
		}
		if !strings.Contains(text, "\nCOMMIT\n") {
			return nil, fmt.Errorf("%s-save stopped in the middle of the table filter: what is installed cannot be told from it; "+
				"try again", f.tool)
		}
		if s, err = parseSave(text); err != nil {
			return nil, err
		}
	}
	s.missing = missing
	return s, nil
}

// parts tells whether the family's table exists, and for the nft variant what the first rule will make and Remove can
// take away again: "table" and built-in chains.
func parts(ctx context.Context, t tools, f *family) (missing []string, exists bool, err error) {
	variant, err := t.kind(ctx, f)
	if err != nil {
		return nil, false, err
	}
	if variant == "nft" {
		missing, err = missingParts(f, []string{"INPUT", "FORWARD", "OUTPUT"})
		return missing, !slices.Contains(missing, "table"), err
	}
	exists, err = legacyHasTable(f)
	return nil, exists, err
}

// legacyHasTable asks the kernel which tables of the legacy variant are in use.
func legacyHasTable(f *family) (bool, error) {
	names, err := os.ReadFile("/proc/thread-self/net/" + strings.TrimSuffix(f.tool, "tables") + "_tables_names")
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if errors.Is(err, os.ErrPermission) {
		return false, fmt.Errorf("reading the rules needs root: %w", err)
	}
	return slices.Contains(strings.Fields(string(names)), filterTable), err
}

// unreadable says why iptables-save printed no table although there is one: it does so, and reports success, where nft
// put objects of its own into the table.
func unreadable(f *family, text string) error {
	return fmt.Errorf("%s cannot read its table filter: it printed %q. nft was used to put something into that table "+
		"that iptables does not know, and now neither Docker nor dockwall can work with it; find it with "+
		"`nft -a list table %s filter` and remove it", f.tool, strings.TrimSpace(text), f.nftables)
}

// savedSets reads our sets. No ipset, no sets.
func savedSets(ctx context.Context, t tools) (map[string]*savedSet, error) {
	names, err := t.setNames(ctx)
	var missing *backend.MissingToolError
	if errors.As(err, &missing) || err == nil && len(names) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var input strings.Builder
	for _, name := range names {
		input.WriteString("save " + name + "\n")
	}
	text, err := t.ipset(ctx, input.String())
	if err != nil {
		return nil, err
	}
	return parseSets(text)
}
