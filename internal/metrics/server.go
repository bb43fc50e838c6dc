package metrics

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// What those who ask can take: few need more than one connection, and none of them long.
const (
	maxConnections = 16
	headerTimeout  = 5 * time.Second
	answerLimit    = 30 * time.Second
	idleTimeout    = time.Minute
	maxHeader      = 16 << 10
	endTimeout     = 2 * time.Second
)

// Server answers on listeners until it is closed.
type Server struct {
	http    http.Server
	log     *slog.Logger
	serving sync.WaitGroup
}

// NewServer makes a server that listens nowhere yet.
func (m *Metrics) NewServer() *Server {
	log := m.options.Log
	return &Server{log: log, http: http.Server{
		Handler: m.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout, WriteTimeout: answerLimit,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}
}

// Serve answers on a listener, beside what the caller does.
func (s *Server) Serve(l net.Listener) {
	s.log.Info("metrics and health are served", "at", l.Addr().String())
	s.serving.Go(func() {
		if err := s.http.Serve(netutil.LimitListener(l, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the metrics are no longer served", "at", l.Addr().String(), "error", err)
		}
	})
}

// Close ends all listeners, which removes sockets. Whoever is being answered may wait for the rest, for a moment.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	s.serving.Wait()
}
