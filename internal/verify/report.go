package verify

import (
	"fmt"
	"io"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/reach"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/walk"
	"github.com/dockwall/dockwall/internal/whose"
	"github.com/dockwall/dockwall/internal/wording"
)

// Report is a result for people and programs. All text in it is printable.
type Report struct {
	Proven  bool          `json:"proven"`
	Classes uint64        `json:"classes"`           // of packets that were told apart
	Wrong   []WrongView   `json:"wrong"`             // on which the kernel and the policy differ
	Foreign []ForeignView `json:"refused_by_others"` // what the policy allows and rules of others refuse
	Doubts  []string      `json:"doubts,omitempty"`
	Missing []string      `json:"missing,omitempty"` // what is not known of the host
}

// WrongView is a packet on which they differ.
type WrongView struct {
	Fault    Fault    `json:"fault"`
	Packet   string   `json:"packet"`
	Possibly bool     `json:"possibly,omitempty"`
	Rule     string   `json:"rule,omitempty"`
	Policy   string   `json:"policy"` // what it says of the conversation
	Trace    []string `json:"trace"`
}

// ForeignView is a rule that refuses what the policy allows.
type ForeignView struct {
	Rule   string `json:"rule"`
	Owner  string `json:"owner,omitempty"`
	Packet string `json:"packet"`
}

// NewReport tells a result. The machine is the one that was checked.
func NewReport(r *Result, scene story.Scene) *Report {
	report := &Report{Proven: r.Proven(), Classes: r.Classes, Wrong: []WrongView{}, Foreign: []ForeignView{},
		Missing: printable(scene.Machine.Missing), Doubts: printable(r.Doubts)}
	for _, w := range r.Wrong {
		told := scene.Tell(walk.Question{Packet: w.Packet, Moment: moments[w.Moment], Assume: w.Moment != reach.First})
		report.Wrong = append(report.Wrong, WrongView{Fault: w.Fault, Packet: told.Title, Possibly: w.Possibly,
			Rule: placeOf(w.Rule, w.Chain), Policy: wording.Printable(w.Decision.Reason), Trace: told.Lines()})
	}
	for _, f := range r.Foreign {
		told := scene.Tell(walk.Question{Packet: f.Packet, Moment: walk.First})
		report.Foreign = append(report.Foreign, ForeignView{Rule: placeOf(f.Rule, f.Chain), Owner: whose.Chain(f.Chain),
			Packet: told.Title})
	}
	return report
}

var moments = map[reach.Moment]walk.Moment{reach.First: walk.First, reach.Later: walk.Later, reach.Answer: walk.Answer}

func placeOf(r *netfilter.Rule, c *netfilter.Chain) string {
	switch {
	case r != nil:
		return wording.Printable(r.String() + ": " + r.Text)
	case c != nil:
		return wording.Printable(c.Table.Name + " " + c.Name + ", its policy")
	}
	return ""
}

func printable(sentences []string) []string {
	var all []string
	for _, s := range sentences {
		all = append(all, wording.Printable(s))
	}
	return all
}

// Style marks words for a terminal.
type Style struct{ Good, Bad, Title func(string) string }

// WriteText is the report for people.
func (r *Report) WriteText(w io.Writer, style Style) {
	for _, sentence := range append(r.Missing, r.Doubts...) {
		fmt.Fprintf(w, "not known: %s\n", sentence)
	}
	for i := range r.Wrong {
		r.Wrong[i].write(w, style)
	}
	r.writeForeign(w)
	if r.Proven {
		fmt.Fprintf(w, "%s the kernel enforces what the policy means, for all packets (%d classes of them)\n", style.Good("✓"), r.Classes)
		return
	}
	fmt.Fprintf(w, "%s the kernel does not enforce what the policy means (%d classes of packets looked at)\n", style.Bad("✗"), r.Classes)
}

func (v *WrongView) write(w io.Writer, style Style) {
	fault := string(v.Fault)
	if v.Possibly {
		fault = "possibly: " + fault
	}
	fmt.Fprintf(w, "%s %s\n  %s\n", style.Bad("✗"), style.Title(fault), v.Packet)
	for _, line := range v.Trace {
		fmt.Fprintf(w, "  %s\n", line)
	}
	if v.Rule != "" {
		fmt.Fprintf(w, "  by %s\n", v.Rule)
	}
	fmt.Fprintf(w, "  the policy: %s\n\n", v.Policy)
}

func (r *Report) writeForeign(w io.Writer) {
	for _, f := range r.Foreign {
		owner := ""
		if f.Owner != "" {
			owner = " (" + f.Owner + ")"
		}
		fmt.Fprintf(w, "allowed by the policy, but refused by %s%s, for example %s\n", f.Rule, owner, f.Packet)
	}
}
