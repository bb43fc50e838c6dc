package testserver

import (
	"bufio"
	"fmt"
	"net"
	"strings"
)

func (s *Server) serveStream(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed
		}
		go s.serveConn(conn)
	}
}

func (s *Server) serveConn(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		text := strings.TrimRight(lines.Text(), "\r")
		if strings.HasPrefix(text, "GET ") {
			s.serveHTTP(conn, lines, text)
			return
		}
		if !s.answer(text, conn.RemoteAddr(), conn.Write) {
			return
		}
	}
}

// serveHTTP reads the request to its end first: closing with unread input would reset the connection.
func (s *Server) serveHTTP(conn net.Conn, lines *bufio.Scanner, request string) {
	for lines.Scan() && strings.TrimRight(lines.Text(), "\r") != "" {
	}
	body := s.reply(conn.RemoteAddr(), request)
	fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func (s *Server) serveDatagrams(conn net.PacketConn) {
	buffer := make([]byte, 2048)
	for {
		n, client, err := conn.ReadFrom(buffer)
		if err != nil {
			return // closed
		}
		text := strings.TrimRight(string(buffer[:n]), "\n")
		write := func(line []byte) (int, error) { return conn.WriteTo(line, client) }
		if strings.HasPrefix(text, "push ") {
			go s.answer(text, client, write)
			continue
		}
		s.answer(text, client, write)
	}
}

// answer gives one reply, or many where it is told to push; it says whether the client can still be reached.
func (s *Server) answer(text string, client net.Addr, write func([]byte) (int, error)) bool {
	send := func() error {
		_, err := write(s.reply(client, text))
		return err
	}
	if strings.HasPrefix(text, "push ") {
		return talk(text, send) == nil
	}
	return send() == nil
}
