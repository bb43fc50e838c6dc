package testserver

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, protocol string) (*Server, string) {
	t.Helper()
	s, err := Listen("nginx", "0/"+protocol)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var port string
	switch l := s.closers[0].(type) {
	case net.Listener:
		_, port, _ = net.SplitHostPort(l.Addr().String())
	case net.PacketConn:
		_, port, _ = net.SplitHostPort(l.LocalAddr().String())
	}
	return s, net.JoinHostPort("127.0.0.1", port)
}

func TestEveryLineComesBackWithBothNames(t *testing.T) {
	for _, protocol := range []string{"tcp", "udp"} {
		_, address := serve(t, protocol)
		conn, err := net.Dial(protocol, address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		for _, text := range []string{"one", "two"} {
			io.WriteString(conn, text+"\n")
			buffer := make([]byte, 500)
			n, err := conn.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			var got Reply
			if err := json.Unmarshal(buffer[:n], &got); err != nil {
				t.Fatal(err)
			}
			if want := (Reply{"nginx", conn.LocalAddr().String(), text}); got != want {
				t.Errorf("%s: got %+v, want %+v", protocol, got, want)
			}
		}
	}
}

func TestAnswersHTTP(t *testing.T) {
	_, address := serve(t, "tcp")
	response, err := http.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if !strings.Contains(string(body), `"Server":"nginx"`) {
		t.Errorf("answer: %s", body)
	}
}

func TestPushTalksAlone(t *testing.T) {
	for _, protocol := range []string{"tcp", "udp"} {
		_, address := serve(t, protocol)
		conn, err := net.Dial(protocol, address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(conn, "push 1ms 3\n")
		lines := bufio.NewScanner(conn)
		for range 3 {
			if !lines.Scan() {
				t.Fatalf("%s: %v", protocol, lines.Err())
			}
		}
	}
}

func TestRefusesWhatIsNoPort(t *testing.T) {
	for _, port := range []string{"80", "80/icmp", "x/tcp", "70000/udp", ""} {
		if s, err := Listen("x", port); err == nil {
			s.Close()
			t.Errorf("%q was taken for a port", port)
		}
	}
}
