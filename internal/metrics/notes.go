package metrics

import (
	"time"

	"github.com/dockwall/dockwall/internal/guard"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// notes are what the guard said last.
type notes struct {
	started     time.Time // of the guard itself
	running     time.Time // the running round's beginning; zero: none runs
	ended       time.Time // the last round's end; zero: none yet
	success     time.Time // when the kernel was last seen to hold what it should; zero: not yet
	engineGone  time.Time // since when Docker does not answer; zero: it does
	drifting    bool      // drift was found, and is still there
	resting     bool
	policyError error
	engineError error
	roundError  error
	policy      *policy.Policy // in force; nil: not known
}

var _ guard.Observer = (*Metrics)(nil)

// RoundBegins notes it.
func (m *Metrics) RoundBegins(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notes.running = at
}

// RoundEnds notes what the round found and did.
func (m *Metrics) RoundEnds(r guard.Report) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := &m.notes
	n.running, n.ended = time.Time{}, r.Ended
	n.resting, n.policyError, n.roundError = r.Resting, r.PolicyError, r.Err
	if r.EngineAsked {
		m.noteEngine(r)
	}
	if r.Plan != nil {
		n.success, n.policy = r.Ended, r.Plan.Policy
	}
	m.count(r)
	m.noteDrift(r)
}

func (m *Metrics) noteEngine(r guard.Report) {
	m.dockerReaches.Set(truth(r.EngineError == nil))
	m.notes.engineError = r.EngineError
	if r.EngineError == nil {
		m.notes.engineGone = time.Time{}
	} else if m.notes.engineGone.IsZero() {
		m.notes.engineGone = r.Ended
	}
}

// noteDrift counts drift once, however many rounds it takes to repair it.
func (m *Metrics) noteDrift(r guard.Report) {
	if r.Drift && !m.notes.drifting {
		m.driftFound.Inc()
		m.notes.drifting = true
	}
	if m.notes.drifting && r.Plan != nil {
		m.driftRepaired.Inc()
	}
	m.notes.drifting = m.notes.drifting && r.Plan == nil && !r.Resting
	m.driftUnrepaired.Set(truth(m.notes.drifting))
}

// count counts the round, and what it cost.
func (m *Metrics) count(r guard.Report) {
	result := resultOK
	if r.Err != nil {
		result = resultFailed
	}
	m.rounds.WithLabelValues(result).Inc()
	m.roundDuration.Observe(r.Ended.Sub(r.Began).Seconds())
	m.lastRound.Set(unix(r.Ended))
	m.policyGood.Set(truth(r.PolicyError == nil))
	m.lastGoodInUse.Set(truth(r.LastGood))
	m.resting.Set(truth(r.Resting))
	for _, kind := range kindsOf(r) {
		m.errors.WithLabelValues(kind).Inc()
	}
	if r.Plan == nil {
		return
	}
	m.lastSuccess.Set(unix(r.Ended))
	if !r.Noticed.IsZero() {
		m.delay.Observe(r.Enforced.Sub(r.Noticed).Seconds())
	}
	m.rules.Set(float64(len(r.Plan.Policy.Ingress) + len(r.Plan.Policy.Egress)))
	m.setMembers.Set(float64(r.Plan.Gate.SetMembers()))
	containers, publications := sizes(r.Plan.Host)
	m.containers.Set(float64(containers))
	m.publications.Set(float64(publications))
}

// sizes count the containers that run, and what they and swarm publish.
func sizes(h *host.Host) (containers, publications int) {
	publications = len(h.Services)
	for i := range h.Containers {
		if h.Containers[i].Running {
			containers++
			publications += len(h.Containers[i].Publications)
		}
	}
	return containers, publications
}

// policy is the one in force.
func (m *Metrics) policy() *policy.Policy {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.notes.policy
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
