package policy

import (
	"maps"
	"slices"
	"strings"
)

// onceKeys are the keys that only one file of a policy may have: files are merged without an order.
var onceKeys = []string{"defaults", "labels", "backend"}

// merger makes one policy of its files.
type merger struct {
	policy   *Policy
	problems Problems
	owner    map[string]*file // of the keys that only one file may have
	sources  map[string]*file
}

// merge puts files together; readSet gives the addresses of a set that has a file of its own. Problems that the files
// have already are not repeated.
func merge(files []*file, readSet func(declaredSet) (Set, Problems)) (*Policy, Problems) {
	m := merger{
		policy:  &Policy{Sets: map[string]*Set{}, Defaults: Defaults{Ingress: Deny, Egress: Allow}, Backend: "auto"},
		owner:   map[string]*file{},
		sources: map[string]*file{},
	}
	for _, f := range files {
		m.sources[f.name] = f
		m.add(f, readSet)
	}
	for _, rules := range [][]Rule{m.policy.Ingress, m.policy.Egress} {
		for i := range rules {
			r := &rules[i]
			for _, peers := range [][]Peer{r.From.Items, r.From.Except, r.To.Items, r.To.Except} {
				m.known(peers)
			}
		}
	}
	if m.policy.Labels != nil {
		m.known(m.policy.Labels.Within)
	}
	return m.policy, m.problems
}

func (m *merger) add(f *file, readSet func(declaredSet) (Set, Problems)) {
	p := m.policy
	p.Files = append(p.Files, f.name)
	p.Ingress = append(p.Ingress, f.ingress...)
	p.Egress = append(p.Egress, f.egress...)
	p.Tests = append(p.Tests, f.tests...)
	for _, key := range onceKeys {
		m.once(key, f)
	}
	for _, set := range f.sets {
		m.addSet(set, readSet)
	}
}

// once takes a key that only one file may have.
func (m *merger) once(key string, f *file) {
	at, has := f.keys[key]
	if !has {
		return
	}
	if first := m.owner[key]; first != nil {
		m.fail(at, faultf("leave it to one of the files", "%s stands in %s already", key, first.name))
		return
	}
	m.owner[key] = f
	switch key {
	case "defaults":
		m.policy.Defaults = f.defaults
	case "labels":
		m.policy.Labels = f.labels
	case "backend":
		m.policy.Backend = f.backend
	}
}

func (m *merger) addSet(declared declaredSet, readSet func(declaredSet) (Set, Problems)) {
	if first := m.policy.Sets[declared.Name]; first != nil {
		m.fail(declared.name, faultf("give one of them another name", "set %s is defined in %s already",
			quote(declared.Name), first.Position))
		return
	}
	set := declared.Set
	if declared.file.text != "" {
		var problems Problems
		set, problems = readSet(declared)
		m.problems = append(m.problems, problems...)
	}
	m.policy.Sets[set.Name] = &set
}

// known reports peers that name a set which no file defines.
func (m *merger) known(peers []Peer) {
	for i := range peers {
		p := &peers[i]
		if p.Set == "" || m.policy.Sets[p.Set] != nil {
			continue
		}
		at := m.sources[p.Position.File].source(p.Position.Line)
		m.problems = append(m.problems, at.problem(word{p.Set, p.Position.Column}, unknownSet(p.Set, m.policy.Sets)))
	}
}

func unknownSet(name string, sets map[string]*Set) *fault {
	names := slices.Sorted(maps.Keys(sets))
	hint := didYouMean(name, names)
	if hint == "" && len(names) > 0 && len(names) <= 8 {
		hint = "the sets are " + strings.Join(names, ", ")
	}
	if hint == "" {
		hint = "define it under sets: " + name + ": [192.0.2.0/24]"
	}
	return faultf(hint, "there is no set %s", quote(name))
}

func (m *merger) fail(at scalar, f *fault) {
	m.problems = append(m.problems, at.source.problem(at.word, f))
}
