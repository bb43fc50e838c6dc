package host

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/versions"
)

const (
	minimumAPI    = "1.41"           // of Docker 20.10
	engineTimeout = 30 * time.Second // an engine that hangs is found out even where the caller would wait for ever
	inspectAtOnce = 6                // as many connections as the client keeps open
)

// NoEngineError says that no Docker engine could be asked, why, and what to do.
type NoEngineError struct {
	DockerHost string // the engine's address
	Reason     string // a sentence
	Err        error  // nil: the reason says it all
}

func (e *NoEngineError) Error() string {
	return fmt.Sprintf("the Docker engine at %s cannot be asked: %s", e.DockerHost, e.Reason)
}

func (e *NoEngineError) Unwrap() error { return e.Err }

// askEngine asks the engine for everything. All its errors are *NoEngineError.
func askEngine(ctx context.Context, dockerHost string) (*inventory, error) {
	dockerHost = engineAddress(dockerHost)
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	inv, err := askAt(ctx, dockerHost)
	if err != nil {
		return nil, noEngine(dockerHost, err)
	}
	return inv, nil
}

func engineAddress(dockerHost string) string {
	if dockerHost == "" {
		dockerHost = os.Getenv(client.EnvOverrideHost)
	}
	if dockerHost == "" {
		dockerHost = client.DefaultDockerHost
	}
	return dockerHost
}

// openEngine connects, and agrees with the engine on an API version.
func openEngine(ctx context.Context, dockerHost string) (*client.Client, error) {
	if err := dialEngine(ctx, dockerHost); err != nil {
		return nil, err
	}
	// DOCKER_API_VERSION is not taken over: the version is always negotiated.
	cli, err := client.New(client.WithTLSClientConfigFromEnv(), client.WithHost(dockerHost))
	if err != nil {
		return nil, err
	}
	if err := negotiate(ctx, cli); err != nil {
		cli.Close()
		return nil, err
	}
	return cli, nil
}

func askAt(ctx context.Context, dockerHost string) (*inventory, error) {
	cli, err := openEngine(ctx, dockerHost)
	if err != nil {
		return nil, err
	}
	defer cli.Close()
	inv := &inventory{apiVersion: cli.ClientVersion()}
	info, err := cli.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("asking the engine about itself: %w", err)
	}
	inv.info = info.Info
	if inv.networks, err = askNetworks(ctx, cli); err != nil {
		return nil, fmt.Errorf("asking the engine for its networks: %w", err)
	}
	if inv.containers, err = askContainers(ctx, cli); err != nil {
		return nil, fmt.Errorf("asking the engine for its containers: %w", err)
	}
	if inv.info.Swarm.LocalNodeState == "active" {
		if err := inv.askSwarm(ctx, cli); err != nil {
			return nil, fmt.Errorf("asking the engine for the swarm's published ports: %w", err)
		}
	}
	return inv, nil
}

// negotiate agrees on the newest API version that both sides speak.
func negotiate(ctx context.Context, cli *client.Client) error {
	ping, err := cli.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	if ping.APIVersion != "" && versions.LessThan(ping.APIVersion, minimumAPI) {
		return &oldEngineError{ping.APIVersion}
	}
	if err == nil && ping.APIVersion == "" {
		return errNotDocker
	}
	return err
}

func askNetworks(ctx context.Context, cli *client.Client) ([]network.Inspect, error) {
	list, err := cli.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, n := range list.Items {
		ids = append(ids, n.ID)
	}
	return inspectAll(ids, func(id string) (network.Inspect, error) {
		result, err := cli.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
		return result.Network, err
	})
}

func askContainers(ctx context.Context, cli *client.Client) ([]container.InspectResponse, error) {
	list, err := cli.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range list.Items {
		ids = append(ids, c.ID)
	}
	return inspectAll(ids, func(id string) (container.InspectResponse, error) {
		result, err := cli.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
		return result.Container, err
	})
}

// inspectAll inspects several at once, in the order of ids. What vanished since it was listed is left out.
func inspectAll[T any](ids []string, inspect func(id string) (T, error)) ([]T, error) {
	results, errs := make([]T, len(ids)), make([]error, len(ids))
	slots := make(chan struct{}, inspectAtOnce)
	var wait sync.WaitGroup
	for i, id := range ids {
		slots <- struct{}{}
		wait.Go(func() {
			results[i], errs[i] = inspect(id)
			<-slots
		})
	}
	wait.Wait()
	var found []T
	for i, err := range errs {
		switch {
		case err == nil:
			found = append(found, results[i])
		case !errdefs.IsNotFound(err):
			return nil, fmt.Errorf("%s: %w", shortID(ids[i]), err)
		}
	}
	return found, nil
}
