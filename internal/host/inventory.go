package host

import (
	"regexp"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/system"
)

// inventory is what an engine answered. Environment variables and command lines in it are never looked at, and of mounts
// only whether one is the engine's socket.
type inventory struct {
	apiVersion string
	info       system.Info
	networks   []network.Inspect
	containers []container.InspectResponse
	services   []Service
}

// fill puts the engine's answers into a Host that has its interfaces already.
func (inv *inventory) fill(h *Host, ls listeners) {
	h.Engine = inv.engine()
	h.Networks = inv.hostNetworks(h.Interfaces)
	h.Containers = inv.hostContainers(ls)
	h.Services = inv.services
	h.sort()
	h.Warnings = h.warnings()
}

func (inv *inventory) engine() *Engine {
	e := &Engine{
		Version:         inv.info.ServerVersion,
		APIVersion:      inv.apiVersion,
		OperatingSystem: inv.info.OperatingSystem,
		LiveRestore:     inv.info.LiveRestoreEnabled,
		Swarm:           inv.info.Swarm.LocalNodeState == "active",
	}
	if inv.info.FirewallBackend != nil {
		e.FirewallBackend = inv.info.FirewallBackend.Driver
	}
	e.Rootless = slices.ContainsFunc(inv.info.SecurityOptions, func(option string) bool {
		return slices.Contains(strings.Split(option, ","), "name=rootless")
	})
	return e
}

// dockerName is the alphabet of Docker's container names.
var dockerName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// safeName is a name in Docker's alphabet, or the short ID in place of one that is not.
func safeName(name, id string) string {
	if dockerName.MatchString(name) {
		return name
	}
	return shortID(id)
}

// safeLabel is a label's value where it could be a name, "" where not.
func safeLabel(value string) string {
	if dockerName.MatchString(value) {
		return value
	}
	return ""
}

func shortID(id string) string { return id[:min(len(id), 12)] }
