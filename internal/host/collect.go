package host

import (
	"context"
	"os"
	"time"
)

// Options say where to look and who looks.
type Options struct {
	DockerHost string // the engine's address, "unix:///run/docker.sock"; "": DOCKER_HOST, or else Docker's default
	Version    string // of dockwall, for snapshots
}

// Collect is this machine's Host: interfaces, addresses and routes of the network namespace that the calling thread is
// in, and the inventory of the Docker engine. Where there is no engine to ask, the Host comes without Engine, networks
// and containers, beside an error that is a *NoEngineError. Any other error comes without a Host.
func Collect(ctx context.Context, o Options) (*Host, error) {
	h, _, err := collect(ctx, o)
	return h, err
}

// collect gives the listeners too, for a snapshot. The engine is asked first, so that every bridge it names is there.
func collect(ctx context.Context, o Options) (*Host, listeners, error) {
	h := &Host{Captured: time.Now().UTC().Round(0)}
	h.Name, _ = os.Hostname()
	inv, engineErr := askEngine(ctx, o.DockerHost)
	var err error
	if h.Interfaces, h.Routes, err = readLinks(); err != nil {
		return nil, nil, err
	}
	ls, err := readListeners()
	if err != nil {
		return nil, nil, err
	}
	h.Iptables = dockersIptables(ctx)
	if err := ctx.Err(); err != nil && engineErr == nil {
		return nil, nil, err
	}
	if engineErr != nil {
		h.sort()
		return h, ls, engineErr
	}
	inv.resolveMesh(ls)
	inv.fill(h, ls)
	return h, ls, nil
}
