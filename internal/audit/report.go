// Package audit says who can reach the containers of a host now, by any way that its rules leave open, and what is
// wrong with that. It knows Docker, but no policy and no rule of dockwall: what it says follows from what the kernel
// does (package reach: all packets at once; package walk: one of them, told).
//
// Truth has three values. What hangs on a rule that is not understood, or on what no snapshot has, is possible and not
// certain, and is said so.
package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Report is what an audit found.
type Report struct {
	Host       string     `json:"host,omitempty"`
	Engine     string     `json:"engine,omitempty"` // "Docker 28.5.2 (iptables)"
	Captured   time.Time  `json:"captured,omitzero"`
	Missing    []string   `json:"missing,omitempty"`    // sentences: what is not known, and what was taken for granted instead
	Interfaces []string   `json:"interfaces,omitempty"` // on which clients' packets can arrive
	Exposed    []Exposure `json:"exposed"`              // publications first, by port; then what else leads into containers
	Findings   []Finding  `json:"findings"`             // the most severe first
}

// Exposure is one thing that clients could reach, with who reaches it.
type Exposure struct {
	Name      string   `json:"name"`                // of the container or the service; its address, where no engine was asked
	Container string   `json:"container,omitempty"` // its ID
	Direct    bool     `json:"direct,omitempty"`    // by its own address, past what is published
	Ports     string   `json:"ports"`               // "8123/tcp", "all ports", "8123,9000/tcp"
	Leads     string   `json:"leads_to,omitempty"`  // the container's own port, where it is another: "8123"
	Addresses []string `json:"addresses,omitempty"` // of the host, that the port is published on; none: all
	Access    []Access `json:"access"`              // none: nobody reaches it
	Note      string   `json:"note,omitempty"`      // who reaches it where rules say nothing about that
	Beside    Way      `json:"beside,omitempty"`    // the way past all rules that Note is about
}

// Access is who reaches it by one way.
type Access struct {
	Way        Way      `json:"way"`
	Family     string   `json:"family"`     // "IPv4", "IPv6"
	Interfaces []string `json:"interfaces"` // on which the clients' packets arrive
	// From and Possibly are client addresses in words; Possibly is "" where nothing is doubtful. Who is possible includes
	// who is certain.
	From         string   `json:"from"`
	Possibly     string   `json:"possibly,omitempty"`
	Sources      []string `json:"sources"` // the same as prefixes, exactly
	PossibleOnly []string `json:"possible_only,omitempty"`
	DialledAt    []string `json:"dialled_at,omitempty"` // host addresses, where only some of those published lead there
}

// Way is how a client comes to a container.
type Way string

// The ways.
const (
	DNAT        Way = "DNAT"
	Proxy       Way = "docker-proxy"
	Direct      Way = "direct routing"
	HostOwn     Way = "host network"
	Mesh        Way = "swarm mesh"
	MACVLAN     Way = "macvlan"
	IPVLAN      Way = "ipvlan"
	ForeignDNAT Way = "a translation that is not Docker's"
)

// order puts the ways that people know first.
func (w Way) order() int {
	return slices.Index([]Way{DNAT, Mesh, ForeignDNAT, Direct, Proxy, HostOwn, MACVLAN, IPVLAN}, w)
}

// Finding is something that should not be as it is.
type Finding struct {
	Kind     *Kind    `json:"-"`
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"` // what it is about: "8123/tcp (clickhouse)", "DOCKER-USER rule 4"
	Message  string   `json:"message"` // one sentence
	Evidence Evidence `json:"evidence,omitzero"`
	Remedy   string   `json:"remedy"`
	Possible bool     `json:"possible,omitempty"` // it hangs on what is not known
	Line     int      `json:"line,omitempty"`     // of the iptables-save text, where it is about a rule in it
	// Count is how many rules of one chain it tells of together, Lines where they are; 0: it is about one thing.
	Count int   `json:"count,omitempty"`
	Lines []int `json:"-"`

	rule   *netfilter.Rule // that it is about, nil where it is about no single rule
	family netfilter.Family
}

// Evidence is a packet that shows a finding, with its way through the host.
type Evidence struct {
	Packet string   `json:"packet,omitempty"` // "198.51.100.7:40000 → 203.0.113.10:8123/tcp, arriving on eno1"
	Trace  []string `json:"trace,omitempty"`  // one step a line
}

// add adds a finding of a kind, with the kind's own severity and remedy where none is given.
func (r *Report) add(f Finding) {
	f.ID = f.Kind.ID
	f.Severity = cmp.Or(f.Severity, f.Kind.Severity)
	f.Remedy = cmp.Or(f.Remedy, f.Kind.Remedy)
	r.Findings = append(r.Findings, f)
}

// sort puts the most severe findings first, kinds together.
func (r *Report) sort() {
	place := map[string]int{}
	for i, k := range Kinds() {
		place[k.ID] = i
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(place[a.ID], place[b.ID]))
	})
}

// Worst is the severity of the worst finding, 0 where there is none.
func (r *Report) Worst() Severity {
	var worst Severity
	for _, f := range r.Findings {
		worst = max(worst, f.Severity)
	}
	return worst
}
