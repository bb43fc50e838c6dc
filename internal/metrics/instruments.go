package metrics

import "github.com/prometheus/client_golang/prometheus"

// instruments are what the guard's notes are counted in.
type instruments struct {
	build           *prometheus.GaugeVec
	driftFound      prometheus.Counter
	driftRepaired   prometheus.Counter
	driftUnrepaired prometheus.Gauge
	delay           prometheus.Histogram
	rounds          *prometheus.CounterVec
	roundDuration   prometheus.Histogram
	lastRound       prometheus.Gauge
	lastSuccess     prometheus.Gauge
	errors          *prometheus.CounterVec
	policyGood      prometheus.Gauge
	lastGoodInUse   prometheus.Gauge
	dockerReaches   prometheus.Gauge
	resting         prometheus.Gauge
	rules           prometheus.Gauge
	setMembers      prometheus.Gauge
	publications    prometheus.Gauge
	containers      prometheus.Gauge
}

// seconds are the bounds of the histograms' buckets: a change of a small host takes some milliseconds.
var seconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// The results of rounds.
const (
	resultOK     = "ok"
	resultFailed = "failed"
)

func newInstruments() *instruments {
	i := &instruments{
		build:           gauges("build_info", "Which dockwall this is; always 1.", "version", "goversion"),
		driftFound:      counter("drift_found_total", "How often rules in force were found to be changed by somebody else."),
		driftUnrepaired: gauge("drift_unrepaired", "Whether somebody else's change of the rules is there still."),
		driftRepaired:   counter("drift_repaired_total", "How often what somebody else had changed was put back."),
		delay: histogram("enforcement_delay_seconds",
			"From the moment an event was noticed to the moment the change it needs was in force."),
		rounds:        counters("rounds_total", "Rounds of the guard: looks at everything.", "result"),
		roundDuration: histogram("round_duration_seconds", "How long rounds took."),
		lastRound:     gauge("last_round_timestamp_seconds", "When the last round ended, in seconds since 1970."),
		lastSuccess: gauge("last_success_timestamp_seconds",
			"When the kernel was last seen to hold what should be in force, in seconds since 1970."),
		errors:        counters("errors_total", "What went wrong: rounds by the kinds of their trouble, and readings of the kernel.", "kind"),
		policyGood:    gauge("policy_good", "Whether the policy's files are without errors and their tests hold."),
		lastGoodInUse: gauge("policy_last_good_in_use", "Whether an earlier policy is kept in force, because the files are wrong."),
		dockerReaches: gauge("docker_reachable", "Whether Docker answered when it was asked last."),
		resting:       gauge("resting", "Whether the guard rests since a reset, until an apply."),
		rules:         gauge("policy_rules", "Rules of the policy in force, with those of labels."),
		setMembers:    gauge("set_members", "Ranges of addresses in the sets of the rules in force."),
		publications:  gauge("publications", "Published ports of running containers and of swarm's mesh, by family and address."),
		containers:    gauge("containers", "Containers that run."),
	}
	for _, result := range []string{resultOK, resultFailed} {
		i.rounds.WithLabelValues(result)
	}
	for _, kind := range kinds {
		i.errors.WithLabelValues(kind)
	}
	return i
}

func (i *instruments) all() []prometheus.Collector {
	return []prometheus.Collector{i.build, i.driftFound, i.driftRepaired, i.driftUnrepaired, i.delay, i.rounds, i.roundDuration, i.lastRound,
		i.lastSuccess, i.errors, i.policyGood, i.lastGoodInUse, i.dockerReaches, i.resting, i.rules, i.setMembers,
		i.publications, i.containers}
}

const namespace = "dockwall"

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: seconds})
}
