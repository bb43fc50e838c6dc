package recorded

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/audit"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/testbed"
	"github.com/dockwall/dockwall/internal/verify"
	"github.com/dockwall/dockwall/internal/walk"
)

var update = flag.Bool("update", false, "write the golden files anew")

// recording is one recorded host, and what is asked of it.
type recording struct {
	*testing.T
	story.Scene
	policy   *policy.Policy
	dials    []Dial
	dockwall bool // is in force there
	said     strings.Builder
}

// TestRecordedHosts: on every recorded host trace says of each dial what came of it, all rules are understood, and verify
// proves the policy exactly where it is in force. All that dockwall says stands in NAME.golden.
func TestRecordedHosts(t *testing.T) {
	names := recordings()
	found, _ := filepath.Glob("testdata/*.json")
	if len(found) != len(names) {
		t.Errorf("testdata has %d recordings, and %d hosts are recorded: make record", len(found), len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			r.audit()
			r.verify()
			r.traces()
			r.golden("testdata/" + name + ".golden")
		})
	}
}

// recordings are the names of all that is recorded.
func recordings() []string {
	var names []string
	for _, b := range beds {
		names = append(names, b.name)
		for _, backend := range b.backends {
			names = append(names, b.name+"-"+backend)
		}
	}
	return names
}

func load(t *testing.T, name string) *recording {
	t.Helper()
	s, dials, err := Load("testdata", name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join("testdata", Policy))
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Parse(Policy, data)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	r := &recording{T: t, dials: dials, Scene: story.Scene{Machine: capture.Snapshot(s), Host: s.Host}}
	r.policy, _ = p.WithLabels(s.Host)
	r.dockwall = strings.HasSuffix(name, "tables")
	if unread := r.Machine.Rules.Unread; len(unread) > 0 || len(r.Machine.Missing) > 0 {
		t.Errorf("not all is known of the host: %q, %q", unread, r.Machine.Missing)
	}
	return r
}

func (r *recording) audit() {
	in := audit.Input{Machine: r.Machine, Host: r.Host}
	if r.dockwall {
		in.Policy = r.policy
	}
	report, err := audit.Run(r.Context(), in)
	if err != nil {
		r.Fatal(err)
	}
	if slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Kind == audit.UnknownRules }) {
		r.Error("there are rules that dockwall does not understand")
	}
	report.WriteText(&r.said, audit.Plain)
}

func (r *recording) verify() {
	found, err := verify.Check(r.Context(), r.policy, r.Host, r.Machine)
	if err != nil {
		r.Fatal(err)
	}
	if found.Proven() != r.dockwall {
		r.Errorf("verify says proven: %v, and dockwall is in force: %v", found.Proven(), r.dockwall)
	}
	if r.dockwall {
		plain := func(text string) string { return text }
		fmt.Fprintln(&r.said)
		verify.NewReport(found, r.Scene).WriteText(&r.said, verify.Style{Good: plain, Bad: plain, Title: plain})
	}
}

func (r *recording) traces() {
	walker := walk.New(r.Machine)
	fmt.Fprintln(&r.said)
	for _, d := range r.dials {
		told := r.TellWalk(walker, r.ask(d))
		fmt.Fprintf(&r.said, "%s %s %s: %s\n", d.From, d.Network, d.To, told.Minimal())
		if reaches := told.Verdict == story.Reaches; !told.Certain() || reaches != (d.Outcome == testbed.Open) {
			r.Errorf("%s, but trace says %s", d, told.Minimal())
		}
	}
}

// ask is the packet of a dial. Nobody but a machine of the testbed dials, whose first address of a family is its own.
func (r *recording) ask(d Dial) walk.Question {
	request := story.Request{To: d.To.Addr().String(), Target: fmt.Sprintf("%d/%s", d.To.Port(), d.Network)}
	for _, text := range slices.Backward(testbed.Addresses(d.From)) {
		address, _, _ := strings.Cut(text, "/")
		if strings.Contains(address, ":") == d.To.Addr().Is6() && !strings.HasPrefix(address, "fe80:") {
			request.From = address
		}
	}
	q, err := r.Ask(request)
	if err != nil {
		r.Fatalf("%s: %v", d, err)
	}
	return q
}

func (r *recording) golden(path string) {
	got := r.said.String()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			r.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		r.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		r.Errorf("what dockwall says differs from %s (-want +got):\n%s", path, diff)
	}
}
