package testbed

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/dockwall/dockwall/internal/netlab"
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

// Start starts a stopped container and waits until its test server answers on every port.
func (r *Running) Start(ctx context.Context) error {
	if _, err := r.engine.Client.ContainerStart(ctx, r.ID, client.ContainerStartOptions{}); err != nil {
		return fmt.Errorf("starting container %s: %w", r.Name, err)
	}
	return r.enter(ctx)
}

// enter opens the container's network namespace and waits for its server.
func (r *Running) enter(ctx context.Context) error {
	inspected, err := r.Inspect(ctx)
	if err != nil {
		return err
	}
	if r.namespace != nil {
		r.namespace.Close()
	}
	if r.namespace, err = r.engine.openSandbox(ctx, inspected); err != nil {
		return err
	}
	for _, port := range inspected.Config.Cmd[1:] {
		if err := r.awaitPort(ctx, port); err != nil {
			return err
		}
	}
	return nil
}

// openSandbox opens a container's network namespace: its own, or that of the container whose network it joined.
func (e *Engine) openSandbox(ctx context.Context, c container.InspectResponse) (*netlab.Namespace, error) {
	if mode := c.HostConfig.NetworkMode; mode.IsContainer() {
		owner, err := e.Client.ContainerInspect(ctx, mode.ConnectedContainer(), client.ContainerInspectOptions{})
		if err != nil {
			return nil, fmt.Errorf("inspecting the container whose network %s joined: %w", c.Name, err)
		}
		c = owner.Container
	}
	key := strings.Replace(c.NetworkSettings.SandboxKey, "/var/run/", "/run/", 1)
	return netlab.Open(fmt.Sprintf("/proc/%d/root%s", e.pid, key))
}

func (r *Running) awaitPort(ctx context.Context, port string) error {
	number, protocol, _ := strings.Cut(port, "/")
	var last Answer
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; {
		last = r.Dial(ctx, protocol, "127.0.0.1:"+number)
		if last.Outcome == Open && last.Reply.Server == r.Name {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("container %s does not answer on its own port %s: %s", r.Name, port, last)
}

// Stop stops the container; it can be started again.
func (r *Running) Stop(ctx context.Context) error {
	now := 0
	_, err := r.engine.Client.ContainerStop(ctx, r.ID, client.ContainerStopOptions{Timeout: &now})
	return err
}

// Remove ends the container and removes it.
func (r *Running) Remove(ctx context.Context) error {
	if r.namespace != nil {
		r.namespace.Close()
	}
	_, err := r.engine.Client.ContainerRemove(ctx, r.ID, client.ContainerRemoveOptions{Force: true})
	return err
}

// Inspect is what the engine says of the container now.
func (r *Running) Inspect(ctx context.Context) (container.InspectResponse, error) {
	result, err := r.engine.Client.ContainerInspect(ctx, r.ID, client.ContainerInspectOptions{})
	if err != nil {
		return container.InspectResponse{}, fmt.Errorf("inspecting container %s: %w", r.Name, err)
	}
	return result.Container, nil
}

// Address gives the container's addresses on a network ("bridge" is the default one). IPv6 is invalid without one.
func (r *Running) Address(ctx context.Context, networkName string) (ipv4, ipv6 netip.Addr, err error) {
	inspected, err := r.Inspect(ctx)
	if err != nil {
		return ipv4, ipv6, err
	}
	endpoint, found := inspected.NetworkSettings.Networks[networkName]
	if !found {
		return ipv4, ipv6, fmt.Errorf("container %s is not on network %s", r.Name, networkName)
	}
	return endpoint.IPAddress, endpoint.GlobalIPv6Address, nil
}

// HostPort gives the host's port that a port of the container ("80/tcp") is published as: the one the engine chose.
func (r *Running) HostPort(ctx context.Context, port string) (string, error) {
	inspected, err := r.Inspect(ctx)
	if err != nil {
		return "", err
	}
	bindings := inspected.NetworkSettings.Ports[network.MustParsePort(port)]
	if len(bindings) == 0 {
		return "", fmt.Errorf("container %s does not publish %s", r.Name, port)
	}
	return bindings[0].HostPort, nil
}
