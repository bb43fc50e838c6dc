package enforce

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/planned"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/walk"
)

// walkTests follows the packets of the policy's tests through the rules that would be installed, in the host's
// surroundings: what other rules of the host refuse, or let past dockwall's, fails a test too. before is what the tests
// say by the policy's meaning alone; the result is the *TestsError of both. Where packets cannot be followed,
// prepared.Unwalked says why, and before counts.
//
// Nothing that puts a gate back calls it: a foreign rule must not keep a good gate from being restored.
func (e *Enforcer) walkTests(ctx context.Context, prepared *Prepared, before error) error {
	var failing *TestsError
	if len(prepared.Tests) == 0 || before != nil && !errors.As(before, &failing) {
		return before
	}
	m, err := e.plannedMachine(ctx, prepared)
	if err != nil {
		prepared.Unwalked = err
		return before
	}
	scene, w := story.Scene{Machine: m, Host: prepared.Host}, walk.New(m)
	for i := range prepared.Tests {
		walkTest(scene, w, &prepared.Tests[i])
	}
	return failed(prepared.Tests)
}

// plannedMachine is the host with the policy's rules.
func (e *Enforcer) plannedMachine(ctx context.Context, prepared *Prepared) (*netfilter.Machine, error) {
	captured, err := e.Machine.Capture(ctx, prepared.Host)
	if err != nil {
		return nil, err
	}
	compiled := prepared.Gate
	if compiled == nil { // a test fails
		if compiled, err = gate.Compile(prepared.Policy, prepared.Host); err != nil {
			return nil, err
		}
	}
	chosen, _ := e.choose(ctx, prepared.Policy.Backend, prepared.Host)
	_, _ = chosen.Read(ctx) // where Docker's chains are; what is installed is taken out anyway
	return planned.Machine(ctx, captured, chosen, compiled)
}

// walkTest follows all attempts of one test, and fails it where one ends otherwise than it should.
func walkTest(scene story.Scene, w *walk.Walker, r *policy.TestResult) {
	for _, a := range r.Attempts {
		if !a.Decision.Governed {
			continue
		}
		c := a.Conversation
		told := scene.TellWalk(w, story.Conversation(c.In, c.Source, c.Destination, c.Protocol, c.Port))
		difference := differs(told, a.Decision)
		if difference == "" && (r.Passed || a.Decision.Allowed == r.Test.Can) {
			continue
		}
		if difference != "" {
			r.Passed = false
			r.Got, r.Why = got(told), fmt.Sprintf("%s %s; %s", a.At, a.Decision.Reason, difference)
		}
		var b strings.Builder
		told.Print(&b, story.Style{}, false)
		r.Trace = strings.TrimRight(b.String(), "\n")
		return
	}
}

// differs says how the rules do otherwise than the policy decides; "" where they do not, or where it is not certain. That
// nobody listens, or that no way leads there, no rule has decided.
func differs(told *story.Story, d policy.Decision) string {
	switch {
	case d.Allowed && (told.Verdict == story.Refused || told.Verdict == story.Dropped):
		if told.ByDockwall() {
			return "but dockwall's own rules refuse it: this is an error of dockwall, please report it"
		}
		return "but another rule of this host refuses it: " + told.Minimal()
	case !d.Allowed && told.Verdict == story.Reaches:
		return "but the rules let it through: this is an error of dockwall, please report it"
	}
	return ""
}

func got(told *story.Story) string {
	if told.Verdict == story.Reaches {
		return "allowed"
	}
	return "refused"
}
