package main

import (
	"context"
	"io"
	"log/slog"
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
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/watch"
)

const runHelp = `Keeps the policy in force: whenever containers, networks, links, the kernel's rules or the policy's
files change, it looks at everything and puts the difference in force. What somebody else changed in
dockwall's rules is put back, and told.

Docker may come and go: the rules in force stay. A policy that became wrong is told, and the last good one
stays in force. After "dockwall reset" it rests until "dockwall apply". SIGHUP makes it look at once;
SIGTERM and an interrupt end it, and what is in force stays in force.

Its log goes to standard error, one line an event; with --json as JSON.`

// legacyPoll is how often the rules are looked at where the kernel tells nobody of their changes: iptables-legacy.
const legacyPoll = 2 * time.Second

func (a *app) runVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Keep the policy in force",
		Long:  runHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			return a.run(c.Context())
		},
	}
}

func (a *app) run(ctx context.Context) error {
	enforce.LimitMemory()
	options := host.Options{DockerHost: a.dockerHost, Version: version}
	log := a.logger()
	e := &enforce.Enforcer{Machine: enforce.Live(options), PolicyPath: a.policyPath, StateDir: a.stateDir,
		Backend: a.backend, Who: "dockwall run", Notice: func(text string) { log.Info(text) }}
	g := &guard.Guard{Enforcer: e, Look: host.NewCollector(options), Log: log, Pace: guard.DefaultPace}
	m := newManager(g, log)
	g.Around = m.around
	defer context.AfterFunc(ctx, m.stopping)()
	ctx, cancel := context.WithCancel(ctx)
	go m.beat(ctx)
	wakes := make(chan guard.Cause)
	stop := a.watch(ctx, options, wakes)
	defer stop()
	defer cancel() // before stop, which waits for the sources to end
	log.Info("the guard begins", "version", version, "policy", a.policyPath)
	return g.Run(ctx, wakes)
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
	tick := time.NewTicker(legacyPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if host.HasLegacyTables() {
				wake("a look at iptables-legacy")
			}
		}
	}
}

// logger writes to stderr: text or JSON, without the time where the journal adds its own.
func (a *app) logger() *slog.Logger {
	options := &slog.HandlerOptions{}
	if os.Getenv("JOURNAL_STREAM") != "" {
		options.ReplaceAttr = func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) == 0 && attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		}
	}
	return slog.New(newHandler(a.stderr, options, a.json))
}

func newHandler(w io.Writer, options *slog.HandlerOptions, json bool) slog.Handler {
	if json {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}
