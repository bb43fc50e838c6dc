package enforce

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Prepared is a policy made ready for one host.
type Prepared struct {
	Sources  []policy.Source     // the texts the policy was read from; nil where it was not read from files
	Policy   *policy.Policy      // with the labels' rules merged in; nil: it has errors
	Host     *host.Host          // nil: it was not looked at
	Gate     *gate.Gate          // nil: a test fails, or there was no host
	Warnings policy.Problems     // of the files, the labels, and of what the policy says about this host
	Tests    []policy.TestResult // in the policy's order
	Unwalked error               // why the tests were not followed through the rules; nil: they were, or there are none
}

// TestsError is a policy whose own tests do not hold on the host.
type TestsError struct {
	Failed []policy.TestResult
	Of     int // how many tests there are
}

func (e *TestsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of the policy's %d tests fail on this host:", len(e.Failed), e.Of)
	for _, r := range e.Failed {
		fmt.Fprintf(&b, "\n%s: %s: expected %s, got %s: %s", r.Test.Position, r.Test, r.Expected, r.Got, r.Why)
		for line := range strings.Lines(r.Trace) {
			b.WriteString("\n    " + strings.TrimRight(line, "\n"))
		}
	}
	return b.String()
}

// prepare merges the labels into the policy, runs its tests and compiles it for the host.
func prepare(p *policy.Policy, problems policy.Problems, h *host.Host) (*Prepared, error) {
	labelled, labels := p.WithLabels(h)
	prepared := &Prepared{Policy: labelled, Host: h, Tests: labelled.RunTests(h)}
	prepared.Warnings = slices.Concat(problems.Warnings(), labels, labelled.Check(h))
	if err := failed(prepared.Tests); err != nil {
		return prepared, err
	}
	compiled, err := gate.Compile(labelled, h)
	if err != nil {
		return prepared, fmt.Errorf("the policy cannot be turned into rules: %w", err)
	}
	prepared.Gate = compiled
	return prepared, nil
}

// failed is the *TestsError of the results, or nil.
func failed(results []policy.TestResult) error {
	var failures []policy.TestResult
	for _, r := range results {
		if !r.Passed {
			failures = append(failures, r)
		}
	}
	if len(failures) == 0 {
		return nil
	}
	return &TestsError{Failed: failures, Of: len(results)}
}

// NoPolicyError is that there is no policy file.
type NoPolicyError struct{ Path string }

func (e *NoPolicyError) Error() string {
	return fmt.Sprintf("there is no policy at %s: `dockwall init` writes one for this host; --policy names another file",
		e.Path)
}

// Load reads the policy at path with its drop-ins. Its error is a *NoPolicyError, or policy.Problems with all errors;
// the problems are those and the warnings.
func Load(path string) (*policy.Policy, policy.Problems, error) {
	if err := exists(path); err != nil {
		return nil, nil, err
	}
	p, problems := policy.Load(path)
	return p, problems, problems.Err()
}

// load reads the policy, with the draft in place of its file.
func (e *Enforcer) load() (*policy.Policy, []policy.Source, policy.Problems, error) {
	if e.Draft == nil {
		return LoadWithSources(e.PolicyPath)
	}
	p, sources, problems := policy.LoadChangedWithSources(e.PolicyPath, []byte(e.Draft.New))
	return p, sources, problems, problems.Err()
}

// LoadWithSources is Load with the texts that were read.
func LoadWithSources(path string) (*policy.Policy, []policy.Source, policy.Problems, error) {
	if err := exists(path); err != nil {
		return nil, nil, nil, err
	}
	p, sources, problems := policy.LoadWithSources(path)
	return p, sources, problems, problems.Err()
}

func exists(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return &NoPolicyError{path}
	}
	return nil
}

// Check prepares a loaded policy for the machine's host; problems is what loading it said. Its tests are also followed
// through the rules that would be installed. Without a Docker engine it is a *host.NoEngineError. The result is there with
// every error, as far as it came.
func (e *Enforcer) Check(ctx context.Context, p *policy.Policy, problems policy.Problems) (*Prepared, error) {
	prepared, err := e.check(ctx, p, problems)
	return prepared, e.walkTests(ctx, prepared, err)
}

// check is Check without following packets.
func (e *Enforcer) check(ctx context.Context, p *policy.Policy, problems policy.Problems) (*Prepared, error) {
	h, err := e.Machine.Host(ctx)
	if err != nil {
		return &Prepared{Policy: p, Host: h, Warnings: problems.Warnings()}, err
	}
	return prepare(p, problems, h)
}

// prepared loads the policy and checks it.
func (e *Enforcer) prepared(ctx context.Context) (*Prepared, error) {
	p, sources, problems, err := e.load()
	if err != nil {
		return &Prepared{Warnings: problems.Warnings()}, err
	}
	prepared, err := e.check(ctx, p, problems)
	prepared.Sources = sources
	return prepared, err
}
