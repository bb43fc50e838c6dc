package imports

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/policy"
)

// Costs of an arrangement, beside the length of its sentences. Losing single lines is better than losing what the chain
// lets pass at its end, and that is better than refusing what its own lines let pass.
const (
	costOfInexact    = 40         // a remark
	costOfFailure    = 10_000     // a line that is not said
	costOfEnd        = 10_000_000 // what no line decides is not said
	costOfStrictness = 20_000_000 // a deny that refuses what earlier lines let pass
)

// render makes the rules of an arrangement. The result is its cost: what a person has to read, and what is lost.
func (c *conversion) render(a *arrangement, s policy.Section) (cost int) {
	a.sentences = mergeFamilies(a.sentences)
	said := map[string]bool{}
	for i := range a.sentences {
		x := &a.sentences[i]
		var err error
		if x.rules, err = c.rules(x, s); err != nil {
			a.failed = append(a.failed, failure{x.entry, err})
		}
		x.rules = slices.DeleteFunc(x.rules, func(r policy.Rule) bool {
			text := r.String()
			again := said[text]
			said[text] = true
			if !again {
				cost += len(text)
			}
			return again
		})
		cost += costOfInexact * len(x.remarks)
	}
	for _, f := range a.failed {
		if f.entry == nil {
			cost += costOfEnd
		} else {
			cost += costOfFailure
		}
	}
	return cost + costOfStrictness*len(a.stricter)
}

// mostMerged is how many sentences are looked at for pairs. In more no person looks for them either.
const mostMerged = 1000

// mergeFamilies makes one sentence of two that say the same for one family each.
func mergeFamilies(all []sentence) []sentence {
	if len(all) > mostMerged {
		return all
	}
	var merged []sentence
	for _, x := range all {
		i := slices.IndexFunc(merged, func(y sentence) bool {
			return x.entry != nil && y.entry != nil && y.also == nil && x.entry.spec.family != y.entry.spec.family &&
				x.allow == y.allow && x.box.equalButPeers(y.box)
		})
		if i < 0 {
			merged = append(merged, x)
			continue
		}
		merged[i].also = x.entry
		merged[i].box.peers = union(merged[i].box.peers, x.box.peers)
	}
	return merged
}

// rules are the rules that say a sentence's box.
func (c *conversion) rules(x *sentence, s policy.Section) ([]policy.Rule, error) {
	r := policy.Rule{Section: s}
	if x.allow {
		r.Action = policy.Allow
	}
	sets, exact := x.box.ports.sets()
	if len(sets) == 0 && !slices.Equal(x.box.ports, allPorts()) {
		return nil, errors.New("the policy knows tcp, udp, sctp and icmp and no other protocols")
	}
	if !exact {
		x.remark("of protocols other than tcp, udp, sctp and icmp the policy cannot speak here")
	}
	r.Ports = sets
	inside, err := c.world.selectors(x.box.inside)
	if err != nil {
		return nil, err
	}
	places, err := c.places(x)
	if err != nil {
		return nil, err
	}
	peers := c.peers(x.box.peers)
	var all []policy.Rule
	for _, place := range places {
		r.Interface, r.At = place.iface, place.at
		for _, containers := range inside {
			r.From, r.To = peers, containers
			if s == policy.Egress {
				r.From, r.To = containers, peers
			}
			all = append(all, r)
		}
	}
	if err := parsable(all); err != nil {
		return nil, err
	}
	return all, nil
}

func (x *sentence) remark(text string) {
	if !slices.Contains(x.remarks, text) {
		x.remarks = append(x.remarks, text)
	}
}

// parsable is the error of a rule whose sentence the policy does not take, for a name that has no place in it.
func parsable(rules []policy.Rule) error {
	for _, r := range rules {
		if _, problems := policy.ParseSentence(r.Section, r.String()); problems.Err() != nil {
			return errors.New(problems.Errors()[0].Message)
		}
	}
	return nil
}

// place is an interface and a dialled address; both empty: any.
type place struct {
	iface string
	at    netip.Addr
}

// places are the interfaces and addresses of a box, for each of which a rule is needed. Where all but some are meant,
// the host's others are named.
func (c *conversion) places(x *sentence) ([]place, error) {
	interfaces, err := c.named(x, x.box.on, c.world.outside(), "interfaces")
	if err != nil {
		return nil, err
	}
	addresses, err := c.named(x, x.box.at, c.world.addresses(), "addresses of the host")
	if err != nil {
		return nil, err
	}
	var all []place
	for _, i := range interfaces {
		for _, text := range addresses {
			a, _ := netip.ParseAddr(text) // "": any
			all = append(all, place{i, a})
		}
	}
	return all, nil
}

// named are the names that must be written for n: one empty one for all, and the host's others for all but some.
func (c *conversion) named(x *sentence, n names, hosts []string, what string) ([]string, error) {
	listed := strings.Join(n.list, ", ")
	switch {
	case n.every():
		return []string{""}, nil
	case !n.but:
		return n.list, nil
	case c.world.host == nil:
		return nil, fmt.Errorf("which %s there are besides %s is not known without the host", what, listed)
	}
	x.remark(fmt.Sprintf("meant are all %s but %s; those that the host gets later are not named here", what, listed))
	return keep(hosts, n), nil
}

// addresses are the host's own that clients outside can dial.
func (w *world) addresses() []string {
	if w.host == nil {
		return nil
	}
	var all []string
	for _, i := range w.host.Interfaces {
		for _, p := range i.Addresses {
			if !i.Loopback {
				all = append(all, p.Addr().String())
			}
		}
	}
	return sortedNames(all)
}
