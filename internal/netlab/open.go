package netlab

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Open takes hold of a namespace that others made, by a path that leads to it: /run/netns/NAME, or a container's.
func Open(path string) (*Namespace, error) {
	handle, err := netns.GetFromPath(path)
	if err != nil {
		return nil, fmt.Errorf("opening the network namespace %s: %w", path, err)
	}
	links, err := netlink.NewHandleAt(handle)
	if err != nil {
		handle.Close()
		return nil, fmt.Errorf("asking the network namespace %s: %w", path, err)
	}
	return &Namespace{handle: handle, links: links}, nil
}
