package imports

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// selectors are the container peers that say a box's inside: more than one where one sentence cannot.
func (w *world) selectors(n names) ([]policy.Peers, error) {
	if n.every() {
		return []policy.Peers{{}}, nil
	}
	chosen, err := w.choose(n.list)
	if err != nil {
		return nil, err
	}
	if !n.but {
		return []policy.Peers{chosen}, nil
	}
	all := []policy.Peers{{Except: chosen.Items}}
	if len(chosen.Except) > 0 { // they are in the networks that are left out, and meant all the same
		all = append(all, policy.Peers{Items: chosen.Except})
	}
	return all, nil
}

// choose says a list of containers and networks: networks by their name, containers of no such network by theirs, and
// what is on these networks and not in the list as exceptions.
func (w *world) choose(list []string) (policy.Peers, error) {
	var p policy.Peers
	var covered, single []string
	for _, name := range list {
		network, isNetwork := strings.CutPrefix(name, networkPrefix)
		bridge, isBridge := strings.CutPrefix(name, bridgePrefix)
		switch {
		case isNetwork:
			p.Items = append(p.Items, policy.Peer{Container: &policy.ContainerSelector{Network: network}})
			covered = append(covered, w.members(network)...)
		case isBridge:
			return p, fmt.Errorf("which network %s is the bridge of is not known without the host", printable(bridge))
		case strings.HasPrefix(name, servicePrefix):
			return p, errors.New("the ports of swarm's mesh are no container's, and a sentence cannot tell them from others")
		default:
			single = append(single, name)
		}
	}
	p.Items = append(p.Items, w.byName(keep(single, allBut(covered...)))...)
	p.Except = w.byName(keep(sortedNames(covered), allBut(list...)))
	return p, nil
}

// byName are the selectors of containers: a Compose service where all of its containers are meant, so that the next
// ones are too, else their names.
func (w *world) byName(list []string) []policy.Peer {
	var peers []policy.Peer
	var written []policy.ContainerSelector
	for _, name := range list {
		selector := policy.ContainerSelector{Name: name}
		i := slices.IndexFunc(w.host.Containers, func(c host.Container) bool { return c.Name == name })
		if c := w.host.Containers[i]; c.Project != "" && len(keep(w.ofService(c.Project, c.Service), allBut(list...))) == 0 {
			selector = policy.ContainerSelector{Project: c.Project, Service: c.Service}
		}
		if !slices.Contains(written, selector) {
			written = append(written, selector)
			peers = append(peers, policy.Peer{Container: &selector})
		}
	}
	return peers
}

func (w *world) ofService(project, service string) []string {
	var all []string
	for _, c := range w.host.Containers {
		if c.Project == project && c.Service == service {
			all = append(all, c.Name)
		}
	}
	return all
}
