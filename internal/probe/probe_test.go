package probe

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/story"
)

func TestFreePair(t *testing.T) {
	h := &host.Host{
		Interfaces: []host.Interface{{Name: "eno1", Addresses: []netip.Prefix{netip.MustParsePrefix("198.18.0.1/30")}}},
		Routes: []host.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0")},
			{Destination: netip.MustParsePrefix("198.18.0.4/30")}},
	}
	got, err := freePair(fours, 30, h)
	if err != nil || got.host.String() != "198.18.0.9/30" || got.client.String() != "198.18.0.10/30" {
		t.Errorf("%v, %v", got, err)
	}
	h.Routes = append(h.Routes, host.Route{Destination: fours})
	if got, err := freePair(fours, 30, h); err == nil {
		t.Errorf("%v, although all of it is somebody's", got)
	}
}

func TestJudged(t *testing.T) {
	for name, test := range map[string]struct {
		rules   story.Verdict
		got     Outcome
		listens bool
		want    Verdict
	}{
		"reached":                     {story.Reaches, Connected, true, Agrees},
		"reached, by another":         {story.Reaches, Connected, false, Agrees},
		"refused":                     {story.Refused, Refused, true, Agrees},
		"refused, nobody says so":     {story.Refused, Silent, true, Agrees},
		"dropped":                     {story.Dropped, Silent, true, Agrees},
		"no way there":                {story.Unreachable, Refused, false, Agrees},
		"open, though refused":        {story.Refused, Connected, true, Differs},
		"open, though dropped":        {story.Dropped, Connected, false, Differs},
		"closed, though it reaches":   {story.Reaches, Refused, true, Differs},
		"silent, though it reaches":   {story.Reaches, Silent, true, Differs},
		"nobody listens":              {story.Reaches, Refused, false, TellsNothing},
		"nobody knows what rules do":  {story.Possibly, Connected, true, TellsNothing},
		"nobody knows, and it is not": {story.Possibly, Silent, true, TellsNothing},
	} {
		told := &story.Story{Title: "a packet", Verdict: test.rules, Ways: []story.Way{{Verdict: test.rules}}}
		if got := judged(target{}, told, test.got, test.listens); got.Verdict != test.want {
			t.Errorf("%s: %s, want %s", name, got.Verdict, test.want)
		}
	}
}

// Who is connected to docker-proxy, which does not reach the container, or to the engine, which holds the port, is connected.
func TestJudgedTaken(t *testing.T) {
	told := &story.Story{Verdict: story.Dropped, Ways: []story.Way{{Verdict: story.Dropped, Proxy: "docker-proxy takes it"}}}
	for got, want := range map[Outcome]Verdict{Connected: Agrees, Silent: Differs} {
		if d := judged(target{}, told, got, true); d.Verdict != want {
			t.Errorf("%s: %s, want %s", got, d.Verdict, want)
		}
	}
}

// A client reaches the host it is attached to, and is gone with its link once it is closed.
func TestClient(t *testing.T) {
	netlab.Need(t)
	n, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	err = n.Do(func() error {
		c, err := attach(&host.Host{})
		if err != nil {
			return err
		}
		listening, port := listen(t)
		defer unix.Close(listening)
		for _, gateway := range []netip.Addr{c.four.host.Addr(), c.six.host.Addr()} {
			got, err := c.dial(context.Background(), []netip.AddrPort{netip.AddrPortFrom(gateway, port), netip.AddrPortFrom(gateway, 1)})
			if err != nil || len(got) != 2 || got[0] != Connected || got[1] != Refused {
				t.Errorf("dialling %s: %v, %v", gateway, got, err)
			}
		}
		if _, err := attach(&host.Host{}); err == nil {
			t.Error("two clients at the same time")
		}
		if err := c.space.Close(); err != nil { // all that the end of a killed process does
			return err
		}
		for range 500 { // the kernel takes a namespace away a little later
			if _, err := netlink.LinkByName(linkName); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		again, err := attach(&host.Host{})
		if err != nil {
			return err // the killed one's link is still there
		}
		again.close()
		if _, err := netlink.LinkByName(linkName); err == nil {
			t.Error("a client's link is there after its end")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// listen listens on every address of both families.
func listen(t *testing.T) (socket int, port uint16) {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(socket, &unix.SockaddrInet6{})
	}
	if err == nil {
		err = unix.Listen(socket, 8)
	}
	if err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return socket, uint16(name.(*unix.SockaddrInet6).Port)
}
