package gate

import (
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/policy"
)

// ingressLine is what all lines of an ingress rule have in common. ok is false where the rule says nothing about this
// family.
func (f *familyCompiler) ingressLine(r *rule) (line *Line, ok bool) {
	if r.Label != "" && len(r.Within) == 0 {
		return nil, false // labels open nothing
	}
	client, ok := f.peers(r.From, r.Within)
	if !ok || r.At.IsValid() && !f.has(r.At) {
		return nil, false
	}
	line = &Line{Action: r.Action, Client: client, Interface: r.Interface, Log: r.Log, Rule: r.ref}
	if r.At.IsValid() {
		line.Dialled = f.list(r.At)
	}
	return line, true
}

// addForwarded adds the lines of a rule for forwarded conversations.
//
// A container that a rule names is let in by what it publishes and by its own address, never by its address alone: if
// another container gets the address before the next gate is compiled, only what was published alike is open.
func (f *familyCompiler) addForwarded(d *draft, line *Line, r *rule) {
	if r.plain() {
		d.add(line, r.Ports, everyPort())
		return
	}
	if r.rest {
		rest := *line
		rest.Answering, _ = f.others(r.To.String(), r.named())
		d.add(&rest, r.Ports, everyPort())
	}
	for _, t := range r.listed {
		f.addPublished(d, line, r, t)
	}
	for _, g := range r.groups() {
		f.addDirect(d, line, r, g)
	}
}

// addPublished adds a line for each published port of a container that the rule speaks of: the client dials the
// host's port, and the container answers from its own. Ports on loopback have none: no rule can open them.
func (f *familyCompiler) addPublished(d *draft, line *Line, r *rule, t target) {
	answering, ok := f.container(t.container)
	if !ok {
		return
	}
	for _, p := range t.container.Publications {
		if !f.has(p.HostAddress) || p.HostAddress.IsLoopback() || !meet(r.At, p.HostAddress) ||
			!speakOf(r.Ports, p.Protocol, p.HostPort) || !contains(t.ports, p.ContainerPort) {
			continue
		}
		l := *line
		l.Answering, l.AnsweringPort = answering, p.ContainerPort
		if !p.HostAddress.IsUnspecified() {
			l.Dialled = f.list(p.HostAddress)
		}
		d.addPort(&l, p.Protocol, p.HostPort)
	}
}

// addDirect adds the line for clients that dial the containers' own addresses.
func (f *familyCompiler) addDirect(d *draft, line *Line, r *rule, g group) {
	containers, ok := f.addresses(r, g)
	if !ok || r.At.IsValid() && !containers.Contains(r.At) {
		return
	}
	l := *line
	l.Answering = containers
	if !r.At.IsValid() {
		l.Dialled = containers
	}
	d.add(&l, r.Ports, g.ports)
}

// addresses is the set of the addresses of a group.
func (f *familyCompiler) addresses(r *rule, g group) (set AddressSet, ok bool) {
	switch {
	case r.Label != "":
		return f.container(g.containers[0])
	case slices.Equal(g.ports, everyPort()):
		return f.containers(r.To.String(), g.containers)
	}
	return f.containers(r.To.String()+" "+policy.PortSet{Ranges: g.ports}.String(), g.containers)
}

// meet tells whether a conversation can be to both: the address that a rule is narrowed to (invalid: not narrowed) and
// the address that a port is published on.
func meet(at, published netip.Addr) bool {
	return !at.IsValid() || published.IsUnspecified() || at == published
}

// addEgress adds the line of an egress rule, if it says something about this family.
func (f *familyCompiler) addEgress(d *draft, r *rule) {
	client, ok := f.senders(r)
	if !ok {
		return
	}
	if dialled, ok := f.peers(r.To, nil); ok {
		line := &Line{Action: r.Action, Client: client, Dialled: dialled, Interface: r.Interface, Log: r.Log, Rule: r.ref}
		d.add(line, r.Ports, everyPort())
	}
}

// senders are the addresses of the containers that an egress rule speaks of.
func (f *familyCompiler) senders(r *rule) (set AddressSet, ok bool) {
	if r.plain() {
		return AddressSet{}, true
	}
	if r.rest {
		return f.others(r.From.String(), r.named())
	}
	return f.containers(r.From.String(), r.named())
}
