package host

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/versions"
)

const (
	minimumAPI    = "1.41"           // of Docker 20.10
	engineTimeout = 30 * time.Second // an engine that hangs is found out even where the caller would wait for ever
	inspectAtOnce = 6                // as many connections as the client keeps open
	swarmGateway  = "docker_gwbridge"
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

// askNetworks lists the networks: a list has all that inspecting has, but for the containers. Those matter for swarm's
// gateway alone: no container says that it is on it.
func askNetworks(ctx context.Context, cli *client.Client) ([]network.Inspect, error) {
	list, err := cli.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, err
	}
	var networks []network.Inspect
	for _, n := range list.Items {
		inspected := network.Inspect{Network: n.Network}
		if n.Name == swarmGateway {
			result, err := cli.NetworkInspect(ctx, n.ID, client.NetworkInspectOptions{})
			if errdefs.IsNotFound(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", shortID(n.ID), err)
			}
			inspected = result.Network
		}
		networks = append(networks, inspected)
	}
	return networks, nil
}

// forEach does something with several items at once. That one of them does not exist any more is no error.
func forEach[T any](items []T, do func(T) error) error {
	errs := make([]error, len(items))
	slots := make(chan struct{}, inspectAtOnce)
	var wait sync.WaitGroup
	for i, item := range items {
		slots <- struct{}{}
		wait.Go(func() {
			errs[i] = do(item)
			<-slots
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}
