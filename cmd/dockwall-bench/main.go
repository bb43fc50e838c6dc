// Command dockwall-bench prints what dockwall costs on this machine. It needs root, nft, iptables and ipset.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"time"

	"github.com/dockwall/dockwall/internal/bench"
	"github.com/dockwall/dockwall/internal/enforce"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds of measuring; the median counts")
	length := flag.Duration("length", 400*time.Millisecond, "length of one measurement")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, *length); err != nil {
		fmt.Fprintln(os.Stderr, "dockwall-bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, length time.Duration) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("the benchmarks make network namespaces: run them as root")
	}
	enforce.LimitMemory() // as apply does
	if err := bench.Apply(ctx, os.Stdout, 10000); err != nil {
		return err
	}
	fmt.Println()
	debug.SetMemoryLimit(math.MaxInt64) // as audit and verify do
	if err := bench.Analysis(ctx, os.Stdout); err != nil {
		return err
	}
	fmt.Println()
	if err := bench.Guard(ctx, os.Stdout, 100, 100); err != nil {
		return err
	}
	fmt.Println()
	return bench.Rates(ctx, os.Stdout, []int{10, 1000, 10000}, rounds, length)
}
