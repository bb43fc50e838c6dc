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

// HostPorts gives the host's ports that a port of the container ("80/tcp") is published as, where the engine chose them:
// they may differ between the families.
func (r *Running) HostPorts(ctx context.Context, port string) (ipv4, ipv6 string, err error) {
	inspected, err := r.Inspect(ctx)
	if err != nil {
		return "", "", err
	}
	for _, binding := range inspected.NetworkSettings.Ports[network.MustParsePort(port)] {
		if binding.HostIP.Is4() {
			ipv4 = binding.HostPort
		} else {
			ipv6 = binding.HostPort
		}
	}
	if ipv4 == "" || ipv6 == "" {
		return "", "", fmt.Errorf("container %s does not publish %s for both families", r.Name, port)
	}
	return ipv4, ipv6, nil
}
