package watch

import (
	"context"

	"github.com/dockwall/dockwall/internal/host"
)

// Engine is the source that follows the Docker engine's events.
func Engine(o host.Options) Source {
	return func(ctx context.Context, wake Wake) error { return host.Watch(ctx, o, wake) }
}
