package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// Rates measures every variant with each number of rules, and prints packets and connections a second as ratios to no
// rules at all.
func Rates(ctx context.Context, out io.Writer, sizes []int, rounds int, length time.Duration) error {
	fmt.Fprintf(out, "Ratio to the same Docker host with no rules but Docker's own: median of %d rounds (smallest-largest)\n\n", rounds)
	fmt.Fprintf(out, "%8s  %-10s  %-28s  %-28s\n", "rules", "variant", "packets a second", "new connections a second")
	for _, size := range sizes {
		hosts, err := standUp(ctx, size)
		if err != nil {
			return err
		}
		err = measureRounds(ctx, hosts, rounds, length)
		for _, h := range hosts {
			h.world.close()
		}
		if err != nil {
			return err
		}
		for _, h := range hosts {
			fmt.Fprintf(out, "%8d  %-10s  %-28s  %-28s\n", size, h.name,
				figure(h.packets, hosts[0].packets), figure(h.connections, hosts[0].connections))
		}
	}
	return nil
}

// contender is one variant's host, with what was measured on it in each round.
type contender struct {
	name                 string
	world                *world
	packets, connections []float64
}

func standUp(ctx context.Context, rules int) ([]*contender, error) {
	var hosts []*contender
	for _, v := range variants {
		w, err := newWorld(ctx)
		if err != nil {
			return nil, err
		}
		if err := v.install(ctx, w, rules); err != nil {
			return nil, fmt.Errorf("%s with %d rules: %w", v.name, rules, err)
		}
		hosts = append(hosts, &contender{name: v.name, world: w})
	}
	return hosts, nil
}

func measureRounds(ctx context.Context, hosts []*contender, rounds int, length time.Duration) error {
	for round := range rounds {
		for i := range hosts {
			h := hosts[(round+i)%len(hosts)] // none is always measured after the same other one
			packets, err := h.world.packetRate(ctx, length)
			if err != nil {
				return fmt.Errorf("%s: %w", h.name, err)
			}
			connections, err := h.world.connectionRate(ctx, length)
			if err != nil {
				return fmt.Errorf("%s: %w", h.name, err)
			}
			h.packets = append(h.packets, packets)
			h.connections = append(h.connections, connections)
		}
	}
	return nil
}

// figure is the median, smallest and largest ratio of two series, and the median of the first in thousands a second.
func figure(series, base []float64) string {
	ratios := make([]float64, len(series))
	for i := range series {
		ratios[i] = series[i] / base[i]
	}
	slices.Sort(ratios)
	return fmt.Sprintf("%.2f (%.2f-%.2f) %.1fk/s", median(ratios), ratios[0], ratios[len(ratios)-1], median(series)/1000)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
