package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/guard"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/metrics"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/watch"
)

const runHelp = `Keeps the policy in force: whenever containers, networks, links, the kernel's rules or the policy's
files change, it looks at everything and puts the difference in force. What somebody else changed in
dockwall's rules is put back, and told.

A change that waits for its confirmation (dockwall apply --confirm) is kept meanwhile, and taken back where
nobody else does it in time. A policy that was not confirmed does not come into force by itself again.

Docker may come and go: the rules in force stay. A policy that became wrong is told, and the last good one
stays in force. After "dockwall reset" it rests until "dockwall apply". SIGHUP makes it look at once;
SIGTERM and an interrupt end it, and what is in force stays in force.

Its log goes to standard error, one line an event; with --log-format json as JSON. Metrics and health are
answered on a unix socket, with --metrics-listen also on a port of the loopback interface.`

// legacyPoll is how often the rules are looked at where the kernel tells nobody of their changes: iptables-legacy.
const legacyPoll = 2 * time.Second

// runFlags are the flags of run.
type runFlags struct {
	socket string // of the metrics; "": none
	listen string // "": no port
	log    string
}

func (f *runFlags) check() error {
	if f.log != logText && f.log != logJSON {
		return fmt.Errorf("--log-format %s: there are the formats text and json", f.log)
	}
	if f.listen == "" {
		return nil
	}
	return metrics.CheckLoopback(f.listen)
}

func (a *app) runVerb() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "Keep the policy in force",
		Long:  runHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if err := a.needHost(c); err != nil {
				return err
			}
			return a.run(c.Context(), &f)
		},
	}
	c.Flags().StringVar(&f.socket, "metrics-socket", "/run/dockwall/metrics.sock",
		"the unix socket of metrics and health; empty: none")
	c.Flags().StringVar(&f.listen, "metrics-listen", "", "a loopback address and port for the same, such as 127.0.0.1:9577")
	c.Flags().StringVar(&f.log, "log-format", logText, "text or json; --json is json, too")
	_ = c.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions([]string{logText, logJSON}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) run(ctx context.Context, f *runFlags) error {
	enforce.LimitMemory()
	options := host.Options{DockerHost: a.dockerHost, Version: version}
	log := newLogger(a.stderr, a.json || f.log == logJSON)
	e := &enforce.Enforcer{Machine: enforce.Live(options), PolicyPath: a.policyPath, StateDir: a.stateDir,
		Backend: a.backend, Who: "dockwall run", Notice: func(text string) { log.Info(text) }, Tell: crier(log)}
	g := &guard.Guard{Enforcer: e, Look: host.NewCollector(options), Log: log, Pace: guard.DefaultPace}
	m := newManager(g, log)
	g.Around = m.around
	shown := metrics.New(metrics.Options{Version: version, InForce: e.InForce, Log: log, Limits: metrics.DefaultLimits})
	g.Observer = shown
	defer context.AfterFunc(ctx, m.stopping)()
	ctx, cancel := context.WithCancel(ctx)
	go m.beat(ctx)
	wakes := make(chan guard.Cause)
	stop := a.watch(ctx, options, wakes)
	defer stop()
	defer cancel() // before stop, which waits for the sources to end
	defer f.serve(shown, log).Close()
	log.Info("the guard begins", "version", version, "policy", a.policyPath)
	return g.Run(ctx, wakes)
}

// serve shows the metrics where the flags say. What cannot be opened is told: the firewall does not wait for it.
func (f *runFlags) serve(m *metrics.Metrics, log *slog.Logger) *metrics.Server {
	server := m.NewServer()
	open := func(address string, listen func(string) (net.Listener, error)) {
		if address == "" {
			return
		}
		l, err := listen(address)
		if err != nil {
			log.Error("the guard goes on, without showing its metrics there: " + err.Error())
			return
		}
		server.Serve(l)
	}
	open(f.socket, metrics.ListenSocket)
	open(f.listen, metrics.ListenLoopback)
	return server
}

// watch starts all sources, and gives what waits until they ended.
func (a *app) watch(ctx context.Context, options host.Options, wakes chan<- guard.Cause) (wait func()) {
	wake := func(text string) {
		select {
		case wakes <- guard.Cause{At: time.Now(), Text: text}:
		case <-ctx.Done():
		}
	}
	var sources sync.WaitGroup
	for name, source := range map[string]watch.Source{
		"the engine's events":             watch.Engine(options),
		"the kernel's news of links":      watch.Links,
		"the kernel's news of rules":      watch.Rules,
		"the news of the policy's files":  watch.Files(a.watchedFiles),
		"the requests of people (SIGHUP)": hangups,
		"the looks at iptables-legacy":    pollLegacy,
		"the deadline of a confirmation":  a.overdue,
	} {
		sources.Go(func() { watch.Keep(ctx, name, source, wake) })
	}
	return sources.Wait
}

// watchedFiles are the policy's files and its sets', and the directory where more may come.
func (a *app) watchedFiles() []string {
	files := []string{a.policyPath, filepath.Join(filepath.Dir(a.policyPath), policy.DropIns)}
	_, sources, _ := policy.LoadWithSources(a.policyPath)
	for _, s := range sources {
		files = append(files, s.Path)
	}
	return files
}

// hangups wakes at every SIGHUP.
func hangups(ctx context.Context, wake watch.Wake) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	defer signal.Stop(signals)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-signals:
			wake("SIGHUP")
		}
	}
}

// pollLegacy wakes again and again while the kernel has legacy tables, of whose changes it tells nobody.
func pollLegacy(ctx context.Context, wake watch.Wake) error {
	return every(ctx, legacyPoll, func() {
		if host.HasLegacyTables() {
			wake("a look at iptables-legacy")
		}
	})
}

// every calls look after each pause, until the context ends.
func every(ctx context.Context, pause time.Duration, look func()) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			look()
		}
	}
}
