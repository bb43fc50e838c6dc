package story

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/wording"
)

// thisHost is the word for the host itself, where no container has that name.
const thisHost = "host"

// party is one end of a conversation: an address, a container with one address of each of its networks, or the host.
type party struct {
	address   netip.Addr // invalid: of a container or the host, not chosen yet
	container *host.Container
	own       bool // the host itself
}

// party finds who a person means by an address, a container's name, compose's project/service, or "host".
func (s Scene) party(word string) (party, error) {
	if address, err := netip.ParseAddr(word); err == nil {
		address = address.Unmap().WithZone("")
		return party{address: address, own: s.isOwn(address)}, nil
	}
	if looksLikeAddress(word) {
		return party{}, fmt.Errorf("%q is no address: write one like 198.51.100.7 or 2001:db8::7", wording.Printable(word))
	}
	c, err := s.containerNamed(word)
	if err != nil && word == thisHost {
		return party{own: true}, nil
	}
	if err != nil {
		return party{}, err
	}
	return s.resident(c)
}

// resident is a container as an end: the owner of its network stack, or the host.
func (s Scene) resident(c *host.Container) (party, error) {
	if !c.Running {
		return party{}, fmt.Errorf("the container %s is not running: it has no address", c.Name)
	}
	owner := s.Host.Owner(c)
	if owner == nil && (c.HostNetwork || s.joinsHost(c)) {
		return party{own: true, container: c}, nil
	}
	if owner == nil {
		return party{}, fmt.Errorf("the container %s uses the network of one that is gone", c.Name)
	}
	return party{container: owner}, nil
}

// joinsHost tells whether the container uses the network of one that is on the host's network.
func (s Scene) joinsHost(c *host.Container) bool {
	for range s.Host.Containers {
		if c == nil || c.HostNetwork {
			return c != nil
		}
		c = s.Host.ContainerByID(c.SharesNetwork)
	}
	return false
}

// looksLikeAddress: names of containers have letters beyond hexadecimal digits, or no dots and colons.
func looksLikeAddress(word string) bool {
	return strings.ContainsAny(word, ":") || strings.Count(word, ".") == 3 && strings.Trim(word, "0123456789./") == ""
}

// containerNamed finds a container by its name, or by project/service where one container runs it.
func (s Scene) containerNamed(word string) (*host.Container, error) {
	var found []*host.Container
	var names []string
	for i := range s.Host.Containers {
		c := &s.Host.Containers[i]
		service := c.Project + "/" + c.Service
		if c.Name == word {
			return c, nil
		}
		if service == word && c.Service != "" {
			found = append(found, c)
		}
		names = append(names, c.Name, service)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("%s is run by %s: name one of them", word, strings.Join(containerNames(found), ", "))
	}
	return nil, s.unknown(word, names)
}

func (s Scene) unknown(word string, names []string) error {
	word = wording.Printable(word)
	if len(names) == 0 {
		return fmt.Errorf("%q is no address, and nothing is known of containers here: write an address", word)
	}
	if near := wording.Nearest(word, names); near != "" {
		return fmt.Errorf("there is no container %q: did you mean %q?", word, near)
	}
	return fmt.Errorf("there is no container %q, and it is no address", word)
}

func containerNames(containers []*host.Container) []string {
	var names []string
	for _, c := range containers {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

// isOwn tells whether an address is the host's own; all of 127.0.0.0/8 is.
func (s Scene) isOwn(a netip.Addr) bool {
	return a.IsLoopback() || s.holder(a) != ""
}

// holder is the interface that has an address, "" if none has.
func (s Scene) holder(a netip.Addr) string {
	for _, i := range s.Machine.Interfaces {
		for _, p := range i.Addresses {
			if p.Addr() == a {
				return i.Name
			}
		}
	}
	return ""
}
