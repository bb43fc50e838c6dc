package enforce

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/dockwall/dockwall/internal/atomicfile"
	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/policy"
)

// Edited is a sentence that came into the policy file, or its draft, or went.
type Edited struct {
	Rule     policy.Rule // as it stands in the file, or stood
	Warnings policy.Problems
}

// Add puts a sentence into the policy file. wanted is its section; nil: where it can stand, ingress first.
func (e *Enforcer) Add(ctx context.Context, wanted *policy.Section, sentence string) (*Edited, error) {
	section := policy.Ingress
	if wanted != nil {
		section = *wanted
	} else if _, problems := policy.ParseSentence(policy.Ingress, sentence); problems.Err() != nil {
		if _, problems := policy.ParseSentence(policy.Egress, sentence); problems.Err() == nil {
			section = policy.Egress
		}
	}
	return e.edit(ctx, func(data []byte) ([]byte, error) { return policy.AddRule(data, section, sentence) })
}

// Remove takes a sentence out of the policy file. wanted is the section it stands in; nil: ingress, or else egress.
func (e *Enforcer) Remove(ctx context.Context, wanted *policy.Section, sentence string) (*Edited, error) {
	return e.edit(ctx, func(data []byte) ([]byte, error) {
		if wanted != nil {
			return policy.RemoveRule(data, *wanted, sentence)
		}
		text, err := policy.RemoveRule(data, policy.Ingress, sentence)
		if err != nil {
			if text, other := policy.RemoveRule(data, policy.Egress, sentence); other == nil {
				return text, nil
			}
		}
		return text, err
	})
}

// edit changes the policy file, if the whole policy is then without errors. Two edits at once wait for each other:
// they lock the file's directory, because the file itself is replaced.
func (e *Enforcer) edit(ctx context.Context, change func([]byte) ([]byte, error)) (*Edited, error) {
	if _, _, err := Load(e.PolicyPath); err != nil {
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(e.PolicyPath))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if err := e.wait(ctx, dir); err != nil {
		return nil, err
	}
	edited, err := e.rewrite(change)
	if err != nil {
		return nil, fmt.Errorf("%s was not changed: %w", e.PolicyPath, err)
	}
	return edited, nil
}

func (e *Enforcer) rewrite(change func([]byte) ([]byte, error)) (*Edited, error) {
	old, _, err := Load(e.PolicyPath)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(e.PolicyPath)
	if err != nil {
		return nil, err
	}
	text, err := change(data)
	if err != nil {
		return nil, err
	}
	changed, problems := policy.LoadChanged(e.PolicyPath, text)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if e.Try {
		e.Draft, err = confirm.NewDraft(e.PolicyPath, text)
	} else {
		err = atomicfile.Write(e.PolicyPath, text, atomicfile.Keep)
	}
	if err != nil {
		return nil, err
	}
	return &Edited{touched(e.rules(old), e.rules(changed)), problems.Warnings()}, nil
}

// rules are those of the policy file itself, without its drop-ins.
func (e *Enforcer) rules(p *policy.Policy) []policy.Rule {
	return slices.DeleteFunc(slices.Concat(p.Ingress, p.Egress), func(r policy.Rule) bool {
		return r.Position.File != e.PolicyPath
	})
}

// touched is the rule that only one of the two lists has.
func touched(before, after []policy.Rule) policy.Rule {
	for _, pair := range [][2][]policy.Rule{{after, before}, {before, after}} {
		for _, r := range pair[0] {
			same := func(other policy.Rule) bool { return r.Section == other.Section && r.String() == other.String() }
			if !slices.ContainsFunc(pair[1], same) {
				return r
			}
		}
	}
	return policy.Rule{}
}
