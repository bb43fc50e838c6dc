package publication

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
)

// web is a host with one container, published in every way.
func web() *host.Host {
	any4, any6 := netip.IPv4Unspecified(), netip.IPv6Unspecified()
	return &host.Host{Containers: []host.Container{{
		ID: "1", Name: "web", Project: "shop", Service: "web", Running: true,
		Publications: []host.Publication{
			{Protocol: host.TCP, HostAddress: any4, HostPort: 80, ContainerPort: 8080},
			{Protocol: host.TCP, HostAddress: any6, HostPort: 80, ContainerPort: 8080, Proxied: true},
			{Protocol: host.TCP, HostAddress: netip.MustParseAddr("192.0.2.1"), HostPort: 443, ContainerPort: 8443},
			{Protocol: host.TCP, HostAddress: netip.MustParseAddr("127.0.0.1"), HostPort: 9000, ContainerPort: 8080},
		}}, {
		ID: "2", Name: "stopped",
		Publications: []host.Publication{{Protocol: host.TCP, HostAddress: any4, HostPort: 81, ContainerPort: 80}}}},
		Services: []host.Service{{Name: "mesh", Protocol: host.UDP, HostPort: 53, ContainerPort: 5353}}}
}

func TestAll(t *testing.T) {
	var got []string
	for _, p := range All(web()) {
		got = append(got, fmt.Sprintf("%s loopback=%v proxied=%v", p, p.Loopback(), p.Proxied))
	}
	want := []string{
		"53/udp (mesh) loopback=false proxied=false",
		"80/tcp (web) loopback=false proxied=true",
		"443/tcp at 192.0.2.1 (web) loopback=false proxied=false",
		"9000/tcp at 127.0.0.1 (web) loopback=true proxied=false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
