package iptables

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
)

// How long to wait for the kernel to let go of sets, and how often to ask.
const (
	releaseTime  = 5 * time.Second
	releasePause = 20 * time.Millisecond
)

// destroy runs lines that destroy sets. A set that was in use a moment ago stays so for a while: the kernel frees the
// matches of removed rules later, in a worker (nf_tables_trans_destroy_work in net/netfilter/nf_tables_api.c). It is
// asked again until it has let go, or the time is over.
func (t tools) destroy(ctx context.Context, lines string) error {
	deadline := time.Now().Add(releaseTime)
	for {
		inUse, err := t.tryDestroy(ctx, lines)
		if err != nil || len(inUse) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("sets could not be destroyed, because rules that dockwall did not make use them: %s",
				strings.ReplaceAll(strings.Join(inUse, ", "), "destroy ", ""))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the kernel to let go of sets: %w", ctx.Err())
		case <-time.After(releasePause):
		}
		lines = strings.Join(inUse, "\n") + "\n"
	}
}

// tryDestroy runs all the lines, and returns those that were refused.
func (t tools) tryDestroy(ctx context.Context, lines string) (inUse []string, err error) {
	for lines != "" {
		_, err := t.ipset(ctx, lines)
		var refused *backend.RefusedError
		if err == nil {
			break
		}
		if !errors.As(err, &refused) || refused.Line == "" {
			return nil, err
		}
		inUse = append(inUse, refused.Line)
		_, lines, _ = strings.Cut(lines, refused.Line+"\n")
	}
	return inUse, nil
}
