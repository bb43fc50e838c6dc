package recorded

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/host"
)

// recordedAt is when all recordings say that they were taken.
var recordedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// counts are what rules have different in every recording, with what stands there instead.
var counts = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\[\d+:\d+\]`), "[0:0]"},
	{regexp.MustCompile(`packets \d+ bytes \d+`), "packets 0 bytes 0"},
	{regexp.MustCompile(`"packets": \d+, "bytes": \d+`), `"packets": 0, "bytes": 0`},
	{regexp.MustCompile(`"handle": \d+`), `"handle": 1`},       // the order in which firewalld makes its rules varies
	{regexp.MustCompile(`initval 0x[0-9a-f]+`), "initval 0x1"}, // an ipset's seed
	{regexp.MustCompile(`(?m) on \w{3} \w{3} .*\d{4}$`), ""},
	{regexp.MustCompile(`since([= ])[0-9TZ:.+-]+`), "since${1}" + recordedAt.Format(time.RFC3339)},
}

// plain puts into one form what differs between two recordings of the same host: times, counters, IDs, the names of
// veths, and the directory that dockwall's policy is in.
func plain(s *host.Snapshot, policyDir string) {
	s.Version, s.Host.Captured, s.Host.Name = "recorded", recordedAt, "testbed"
	names := renaming(s.Host)
	replacer := strings.NewReplacer(append(names, policyDir, "/etc/dockwall")...)
	for i := range s.Host.Interfaces {
		link := &s.Host.Interfaces[i]
		link.Name, link.Master = replacer.Replace(link.Name), replacer.Replace(link.Master)
	}
	for i := range s.Host.Networks {
		n := &s.Host.Networks[i]
		n.ID, n.Bridge = replacer.Replace(n.ID), replacer.Replace(n.Bridge)
	}
	for i := range s.Host.Containers {
		s.Host.Containers[i].ID = replacer.Replace(s.Host.Containers[i].ID)
	}
	plainRules(&s.Rules, replacer)
}

func plainRules(r *host.Rules, replacer *strings.Replacer) {
	for _, text := range []*string{&r.IPTables, &r.IP6Tables, &r.IPTablesLegacy, &r.IP6TablesLegacy, &r.NftText, &r.NftJSON, &r.IPSet} {
		*text = replacer.Replace(*text)
		for _, c := range counts {
			*text = c.pattern.ReplaceAllString(*text, c.instead)
		}
	}
	settings := map[string]string{}
	for name, value := range r.Sysctls {
		settings[replacer.Replace(name)] = value
	}
	r.Sysctls = settings
}

// renaming is pairs for strings.NewReplacer: IDs (whole, and as short as Docker has them in names) and veths, each with
// the name that stands for it. IDs stay 64 hexadecimal digits.
func renaming(h *host.Host) []string {
	var pairs []string
	number := 0
	id := func(old string) {
		number++
		pairs = append(pairs, old, fmt.Sprintf("%064x", number), old[:12], fmt.Sprintf("%012x", number))
	}
	for _, n := range h.Networks {
		id(n.ID)
	}
	for _, c := range h.Containers {
		id(c.ID)
	}
	veths := slices.DeleteFunc(slices.Clone(h.Interfaces), func(i host.Interface) bool { return !strings.HasPrefix(i.Name, "veth") })
	for i, v := range veths {
		pairs = append(pairs, v.Name, fmt.Sprintf("veth%07d", i+1))
	}
	return pairs
}
