package testbed

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Container says what to run. Its name is also what its test server says it is.
type Container struct {
	Name     string
	Listen   []string // "80/tcp", "53/udp": what its test server listens on
	Publish  []string // as for docker run -p: "7777:80", "80", "127.0.0.1:53:53/udp", "[::1]:81:80"
	Networks []string // none: the default bridge; "host"; "container:NAME"; the first is joined first
	IPv4     string   // a fixed address on the first network
	IPv6     string
	Labels   map[string]string
}

// Running is a container that runs and whose ports answer from within it. It is a station too: one can dial from it.
type Running struct {
	*Station
	ID string

	engine *Engine
}

// RunContainer creates and starts a container and waits until its test server answers.
func (e *Engine) RunContainer(ctx context.Context, c Container) (*Running, error) {
	r, err := e.create(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", c.Name, err)
	}
	if err := r.Start(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func (e *Engine) create(ctx context.Context, c Container) (*Running, error) {
	bindings, err := portMap(c.Publish)
	if err != nil {
		return nil, err
	}
	exposed := network.PortSet{}
	for port := range bindings {
		exposed[port] = struct{}{}
	}
	options := client.ContainerCreateOptions{
		Name:  c.Name,
		Image: image,
		Config: &container.Config{
			Cmd: append([]string{c.Name}, c.Listen...), Labels: c.Labels, ExposedPorts: exposed},
		HostConfig: &container.HostConfig{PortBindings: bindings},
	}
	if len(c.Networks) > 0 {
		options.HostConfig.NetworkMode = container.NetworkMode(c.Networks[0])
	}
	if c.IPv4 != "" || c.IPv6 != "" {
		options.NetworkingConfig = fixedAddress(c)
	}
	created, err := e.Client.ContainerCreate(ctx, options)
	if err != nil {
		return nil, err
	}
	r := &Running{Station: &Station{Name: c.Name}, ID: created.ID, engine: e}
	for _, further := range c.Networks[min(1, len(c.Networks)):] {
		if err := e.Connect(ctx, further, c.Name); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func fixedAddress(c Container) *network.NetworkingConfig {
	fixed := &network.EndpointIPAMConfig{}
	if c.IPv4 != "" {
		fixed.IPv4Address = netip.MustParseAddr(c.IPv4)
	}
	if c.IPv6 != "" {
		fixed.IPv6Address = netip.MustParseAddr(c.IPv6)
	}
	return &network.NetworkingConfig{
		EndpointsConfig: map[string]*network.EndpointSettings{c.Networks[0]: {IPAMConfig: fixed}}}
}

// Connect gives a container a further network.
func (e *Engine) Connect(ctx context.Context, networkName, containerName string) error {
	_, err := e.Client.NetworkConnect(ctx, networkName, client.NetworkConnectOptions{Container: containerName})
	if err != nil {
		return fmt.Errorf("connecting %s to network %s: %w", containerName, networkName, err)
	}
	return nil
}
