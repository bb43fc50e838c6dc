package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
)

// The formats of the guard's log.
const (
	logText = "text"
	logJSON = "json"
)

// newLogger writes one line an event. Where that goes straight to the journal, lines begin with what the journal takes their
// priority from (journalctl -p), and have neither time nor level: it adds its own.
func newLogger(w io.Writer, json bool) *slog.Logger {
	if !inJournal(w) {
		return slog.New(newHandler(w, &slog.HandlerOptions{}, json))
	}
	out := &journalWriter{out: w}
	options := &slog.HandlerOptions{ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
		if len(groups) == 0 && (attr.Key == slog.TimeKey || attr.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return attr
	}}
	return slog.New(journalHandler{newHandler(out, options, json), out})
}

func newHandler(w io.Writer, options *slog.HandlerOptions, json bool) slog.Handler {
	if json {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

// inJournal tells whether w is the stream that systemd connected to the journal: $JOURNAL_STREAM has its device and inode,
// and is inherited by programs whose output goes elsewhere.
func inJournal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// journalWriter puts the priority before each line.
type journalWriter struct {
	mu     sync.Mutex // held from choosing the prefix to the end of the line
	prefix string
	out    io.Writer
}

func (w *journalWriter) Write(line []byte) (int, error) {
	if _, err := w.out.Write(append([]byte(w.prefix), line...)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// journalHandler tells the writer which priority comes next.
type journalHandler struct {
	slog.Handler
	out *journalWriter
}

// Handle writes one line.
func (h journalHandler) Handle(ctx context.Context, record slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.prefix = priority(record.Level)
	return h.Handler.Handle(ctx, record)
}

// WithAttrs and WithGroup keep the priorities.
func (h journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journalHandler{h.Handler.WithAttrs(attrs), h.out}
}

func (h journalHandler) WithGroup(name string) slog.Handler {
	return journalHandler{h.Handler.WithGroup(name), h.out}
}

// priority is a level as sd-daemon(3) has it.
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}
