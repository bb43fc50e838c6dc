package host

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// watched are the engine's events after which a Host may be another one. Images, volumes, healthchecks and execs are not
// among them: on a busy host they are most of the events.
var watched = client.Filters{}.
	Add("type", "container", "network", "service", "node", "daemon").
	Add("event", "create", "start", "restart", "die", "destroy", "rename", "update", "pause", "unpause",
		"connect", "disconnect", "remove", "reload")

// Watch tells what happened in the Docker engine, in words for people, each event once, until the context or the
// engine's stream ends. It begins with one call when the stream stands: who lists everything after that has missed
// nothing. Where no engine can be asked the error is a *NoEngineError; it is never nil.
func Watch(ctx context.Context, o Options, tell func(event string)) error {
	address := engineAddress(o.DockerHost)
	cli, err := openEngine(ctx, address)
	if err != nil {
		return noEngine(address, err)
	}
	defer cli.Close()
	stream := cli.Events(ctx, client.EventsListOptions{Filters: watched})
	tell("the engine's events are followed")
	for {
		select {
		case message, ok := <-stream.Messages:
			if ok {
				tell(inWords(message))
			}
		case err := <-stream.Err:
			return streamEnded(ctx, address, err)
		}
	}
}

func streamEnded(ctx context.Context, address string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = errors.New("the engine ended its stream of events")
	}
	return noEngine(address, err)
}

// inWords puts an event into words: "container web: start".
func inWords(m events.Message) string {
	return fmt.Sprintf("%s %s: %s", m.Type, safeName(m.Actor.Attributes["name"], m.Actor.ID), m.Action)
}
