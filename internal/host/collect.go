package host

import "context"

// Options say where to look and who looks.
type Options struct {
	DockerHost string // the engine's address, "unix:///run/docker.sock"; "": DOCKER_HOST, or else Docker's default
	Version    string // of dockwall, for snapshots
}

// Collect is a Collector's Collect, done once.
func Collect(ctx context.Context, o Options) (*Host, error) {
	h, _, err := collect(ctx, o)
	return h, err
}

func collect(ctx context.Context, o Options) (*Host, listeners, error) {
	c := NewCollector(o)
	defer c.Forget()
	return c.collect(ctx)
}
