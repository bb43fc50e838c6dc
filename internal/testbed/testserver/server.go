// Package testserver is the server that the testbed's containers and machines run. It says who it is and whom it sees,
// so that a client knows which server answered, and by which way it was reached.
//
// It talks in lines: each line sent to it comes back as one Reply in JSON, over TCP in a stream, over UDP in a datagram.
// "GET ..." is answered as HTTP, for people with curl. "push 5ms 200" makes the server talk alone, 200 replies in all.
package testserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Reply is one answer.
type Reply struct {
	Server string // the server's name
	Client string // the client's address and port, as the server sees it
	Text   string // what the client sent
}

// Server listens until it is closed.
type Server struct {
	name    string
	closers []io.Closer
}

// Listen opens the ports ("80/tcp", "53/udp"; every address of both families) in the network namespace of the calling
// thread, and serves them.
func Listen(name string, ports ...string) (*Server, error) {
	s := &Server{name: name}
	for _, port := range ports {
		if err := s.listen(port); err != nil {
			s.Close()
			return nil, fmt.Errorf("listening on %s: %w", port, err)
		}
	}
	return s, nil
}

func (s *Server) listen(port string) error {
	number, protocol, _ := strings.Cut(port, "/")
	if _, err := strconv.ParseUint(number, 10, 16); err != nil {
		return fmt.Errorf("%q is not a port: write 80/tcp or 53/udp", port)
	}
	switch protocol {
	case "tcp":
		listener, err := net.Listen("tcp", ":"+number)
		if err != nil {
			return err
		}
		s.closers = append(s.closers, listener)
		go s.serveStream(listener)
	case "udp":
		conn, err := net.ListenPacket("udp", ":"+number)
		if err != nil {
			return err
		}
		s.closers = append(s.closers, conn)
		go s.serveDatagrams(conn)
	default:
		return fmt.Errorf("%q: the protocol is tcp or udp", port)
	}
	return nil
}

// Close stops listening. Open conversations end when their clients end them.
func (s *Server) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func (s *Server) reply(client net.Addr, text string) []byte {
	line, err := json.Marshal(Reply{Server: s.name, Client: client.String(), Text: text})
	if err != nil {
		panic(err) // three strings
	}
	return append(line, '\n')
}

// talk calls send count times, at intervals, until it fails.
func talk(command string, send func() error) error {
	var interval string
	var count int
	if _, err := fmt.Sscanf(command, "push %s %d", &interval, &count); err != nil {
		return fmt.Errorf("%q: write push 5ms 200", command)
	}
	pause, err := time.ParseDuration(interval)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for range count {
		if err := send(); err != nil {
			return err
		}
		<-ticker.C
	}
	return nil
}
