package host

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
)

// Collector collects one machine again and again, for no more than listing: it keeps its connection to the engine, and
// inspects only containers that are new or that the list shows changed. It is for one goroutine at a time.
type Collector struct {
	options  Options
	engine   *client.Client // nil: not connected
	info     system.Info
	known    map[string]knownContainer // by ID
	iptables string                    // "": to be looked for
}

// knownContainer is what a container was when it was inspected, and what the list said of it then.
type knownContainer struct {
	listed    string
	inspected container.InspectResponse
}

// NewCollector makes a collector; it asks nothing yet.
func NewCollector(o Options) *Collector { return &Collector{options: o} }

// Forget makes the next Collect ask for everything anew. It also ends the connection to the engine.
func (c *Collector) Forget() {
	if c.engine != nil {
		_ = c.engine.Close()
	}
	*c = Collector{options: c.options}
}

// Collect is this machine's Host: interfaces, addresses and routes of the network namespace that the calling thread is
// in, and the inventory of the Docker engine. Where there is no engine to ask, the Host comes without Engine, networks
// and containers, beside an error that is a *NoEngineError. Any other error comes without a Host.
func (c *Collector) Collect(ctx context.Context) (*Host, error) {
	h, _, err := c.collect(ctx)
	return h, err
}

// collect gives the listeners too, for a snapshot. The engine is asked first, so that every bridge it names is there.
func (c *Collector) collect(ctx context.Context) (*Host, listeners, error) {
	h := &Host{Captured: time.Now().UTC().Round(0)}
	h.Name, _ = os.Hostname()
	inv, engineErr := c.askEngine(ctx)
	var err error
	if h.Interfaces, h.Routes, err = readLinks(); err != nil {
		return nil, nil, err
	}
	ls, err := readListeners()
	if err != nil {
		return nil, nil, err
	}
	if c.iptables == "" {
		c.iptables = dockersIptables(ctx)
	}
	h.Iptables = c.iptables
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

// askEngine asks the engine for everything. All its errors are *NoEngineError, after which all is asked anew.
func (c *Collector) askEngine(ctx context.Context) (*inventory, error) {
	address := engineAddress(c.options.DockerHost)
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	inv, err := c.ask(ctx, address)
	if err != nil {
		c.Forget()
		return nil, noEngine(address, err)
	}
	return inv, nil
}

func (c *Collector) ask(ctx context.Context, address string) (inv *inventory, err error) {
	if err := c.connect(ctx, address); err != nil {
		return nil, err
	}
	inv = &inventory{apiVersion: c.engine.ClientVersion(), info: c.info}
	if inv.networks, err = askNetworks(ctx, c.engine); err != nil {
		return nil, fmt.Errorf("asking the engine for its networks: %w", err)
	}
	if inv.containers, err = c.askContainers(ctx); err != nil {
		return nil, fmt.Errorf("asking the engine for its containers: %w", err)
	}
	if inv.info.Swarm.LocalNodeState == "active" {
		if err := inv.askSwarm(ctx, c.engine); err != nil {
			return nil, fmt.Errorf("asking the engine for the swarm's published ports: %w", err)
		}
	}
	return inv, nil
}

// connect opens the engine and asks it about itself, where that was not done yet.
func (c *Collector) connect(ctx context.Context, address string) (err error) {
	if c.engine != nil {
		return nil
	}
	if c.engine, err = openEngine(ctx, address); err != nil {
		return err
	}
	info, err := c.engine.Info(ctx, client.InfoOptions{})
	if err != nil {
		return fmt.Errorf("asking the engine about itself: %w", err)
	}
	c.info = info.Info
	return nil
}

// askContainers lists all containers and inspects those that are not known as they are listed now. What vanished since it
// was listed is left out.
func (c *Collector) askContainers(ctx context.Context) ([]container.InspectResponse, error) {
	list, err := c.engine.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return nil, err
	}
	known, guard := make(map[string]knownContainer, len(list.Items)), sync.Mutex{}
	err = forEach(list.Items, func(item container.Summary) error {
		k, err := c.inspect(ctx, item)
		guard.Lock()
		defer guard.Unlock()
		if err == nil {
			known[item.ID] = k
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.known = known
	var found []container.InspectResponse
	for _, item := range list.Items {
		if k, ok := known[item.ID]; ok {
			found = append(found, k.inspected)
		}
	}
	return found, nil
}

func (c *Collector) inspect(ctx context.Context, item container.Summary) (knownContainer, error) {
	listed := fingerprint(item)
	if k, ok := c.known[item.ID]; ok && k.listed == listed {
		return k, nil
	}
	result, err := c.engine.ContainerInspect(ctx, item.ID, client.ContainerInspectOptions{})
	if err != nil {
		return knownContainer{}, fmt.Errorf("%s: %w", shortID(item.ID), err)
	}
	return knownContainer{listed, result.Container}, nil
}

// fingerprint is what a list says of a container, without what changes by itself ("Up 3 seconds", its health).
func fingerprint(item container.Summary) string {
	item.Status, item.Health = "", nil
	text, _ := json.Marshal(item) // of plain data: it cannot fail
	return string(text)
}
