package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dockwall/dockwall/internal/enforce"
)

// kernelCollector shows what a reading of the kernel finds. Where it fails, kernel_readable is 0 and the rest is missing.
type kernelCollector struct{ *kernel }

var (
	ruleLabels    = []string{"section", "action", "position", "rule"}
	defaultLabels = []string{"way", "family", "action"}

	readable       = description("kernel_readable", "Whether what is in force could be read from the kernel.")
	inForce        = description("in_force", "Whether the backend has a gate in force, as read from the kernel.", "backend")
	rulePackets    = description("rule_packets_total", "Packets that a rule of the policy has allowed or refused.", ruleLabels...)
	ruleBytes      = description("rule_bytes_total", "Bytes that a rule of the policy has allowed or refused.", ruleLabels...)
	defaultPackets = description("default_packets_total", "Packets that no rule decided, only the default.", defaultLabels...)
	defaultBytes   = description("default_bytes_total", "Bytes that no rule decided, only the default.", defaultLabels...)
)

func description(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

// Describe says what there may be.
func (c kernelCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{readable, inForce, rulePackets, ruleBytes, defaultPackets, defaultBytes} {
		out <- d
	}
}

// Collect reads the kernel.
func (c kernelCollector) Collect(out chan<- prometheus.Metric) {
	p, err := c.look()
	out <- constant(readable, prometheus.GaugeValue, truth(err == nil))
	if err != nil {
		return
	}
	for _, name := range []string{enforce.NFTables, enforce.IPTables} {
		out <- constant(inForce, prometheus.GaugeValue, truth(slices.Contains(p.backends, name)), name)
	}
	for _, r := range p.rules {
		labels := []string{r.section, r.action, r.position, r.rule}
		out <- constant(rulePackets, prometheus.CounterValue, float64(r.packets), labels...)
		out <- constant(ruleBytes, prometheus.CounterValue, float64(r.bytes), labels...)
	}
	for _, d := range p.defaults {
		labels := []string{d.way, d.family, d.action}
		out <- constant(defaultPackets, prometheus.CounterValue, float64(d.packets), labels...)
		out <- constant(defaultBytes, prometheus.CounterValue, float64(d.bytes), labels...)
	}
}

func constant(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, kind, value, labels...)
}
