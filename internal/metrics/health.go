package metrics

import (
	"fmt"
	"strings"
	"time"
)

// Health is whether all is as it should be, and if not, why.
type Health struct {
	Healthy     bool       `json:"healthy"`
	Reasons     []Reason   `json:"reasons"`  // why it is not healthy; empty: it is
	InForce     []string   `json:"in_force"` // the backends that have a gate in force
	LastSuccess *time.Time `json:"last_success,omitempty"`
}

// Reason is one thing that is wrong: its kind for programs, and a sentence.
type Reason struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// The kinds of reasons.
const (
	ReasonGate   = "gate"   // nothing is in force, or nobody can see whether there is
	ReasonPolicy = "policy" // the files are wrong or missing
	ReasonDocker = "docker" // gone for too long
	ReasonRound  = "round"  // the last round could not put the policy in force
	ReasonLoop   = "loop"   // the guard hangs
)

// Health reads the kernel and says how all is.
func (m *Metrics) Health() Health {
	p, err := m.kernel.look()
	m.mu.Lock()
	defer m.mu.Unlock()
	h := Health{Reasons: []Reason{}, InForce: append([]string{}, p.backends...)}
	n, now := &m.notes, m.options.Now()
	if !n.success.IsZero() {
		success := n.success.UTC()
		h.LastSuccess = &success
	}
	h.add(ReasonGate, n.gateTrouble(p, err))
	h.add(ReasonPolicy, text(n.policyError))
	h.add(ReasonRound, n.roundTrouble())
	h.add(ReasonDocker, n.engineTrouble(now, m.options.Limits))
	h.add(ReasonLoop, n.loopTrouble(now, m.options.Limits))
	h.Healthy = len(h.Reasons) == 0
	return h
}

func (h *Health) add(kind, text string) {
	if text != "" {
		h.Reasons = append(h.Reasons, Reason{kind, text})
	}
}

func (n *notes) gateTrouble(p picture, err error) string {
	switch {
	case err != nil:
		return "what is in force cannot be read: " + err.Error()
	case len(p.backends) > 0:
		return ""
	case n.resting:
		return "nothing is in force since `dockwall reset`: `dockwall apply` puts the policy in force"
	}
	return "nothing is in force: every published port is as open as Docker makes it"
}

// roundTrouble is why the last round failed, where the policy or Docker is not why.
func (n *notes) roundTrouble() string {
	said := text(n.roundError)
	for _, other := range []string{text(n.policyError), text(n.engineError)} {
		if other != "" && strings.Contains(said, other) {
			return ""
		}
	}
	return said
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (n *notes) engineTrouble(now time.Time, limits Limits) string {
	gone := now.Sub(n.engineGone)
	if n.engineGone.IsZero() || gone <= limits.EngineGone {
		return ""
	}
	return fmt.Sprintf("Docker does not answer for %s, and new containers are not seen: %v", gone.Round(time.Second), n.engineError)
}

// loopTrouble: a round that hangs is one, and so are rounds that do not come.
func (n *notes) loopTrouble(now time.Time, limits Limits) string {
	last := n.ended
	if last.IsZero() {
		last = n.started
	}
	running, quiet := now.Sub(n.running), now.Sub(last)
	switch {
	case !n.running.IsZero() && running > limits.Round:
		return fmt.Sprintf("a round of the guard hangs for %s: what is in force stays, and nothing new comes into force",
			running.Round(time.Second))
	case n.running.IsZero() && quiet > limits.Quiet:
		return fmt.Sprintf("the guard has not looked for %s: what is in force stays, and nothing new comes into force",
			quiet.Round(time.Second))
	}
	return ""
}
