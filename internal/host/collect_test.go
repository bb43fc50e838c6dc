package host

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// compareHosts compares what a live engine and a recording both say; listeners and interfaces are this machine's.
var compareHosts = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.IgnoreFields(Publication{}, "Proxied"),
	cmpopts.IgnoreFields(Network{}, "Gateways"), // 20.10 leaves them out; they come from the bridge then
}

func collectFrom(t *testing.T, e *fakeEngine) *Host {
	t.Helper()
	h, err := Collect(t.Context(), Options{DockerHost: e.start(t)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCollectAgreesWithRecording(t *testing.T) {
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			got, want := collectFrom(t, recordedEngine(t, name)), recording(t, name)
			for what, pair := range map[string][2]any{
				"engine":     {want.Engine, got.Engine},
				"networks":   {want.Networks, got.Networks},
				"containers": {want.Containers, got.Containers},
				"services":   {want.Services, got.Services},
			} {
				if diff := cmp.Diff(pair[0], pair[1], compareHosts); diff != "" {
					t.Errorf("%s differ from the recording's (-want +got):\n%s", what, diff)
				}
			}
			if len(got.Interfaces) == 0 || got.Captured.IsZero() {
				t.Errorf("interfaces %v, captured %v: want this machine's, now", got.Interfaces, got.Captured)
			}
		})
	}
}

// The version is negotiated whatever DOCKER_API_VERSION says, and DOCKER_HOST is honoured.
func TestCollectNegotiates(t *testing.T) {
	for api, want := range map[string]string{"1.41": "1.41", "1.44": "1.44", "1.99": "1.56"} {
		e := recordedEngine(t, "docker-29.7-iptables")
		e.API, e.requests = api, make(chan string, 1000)
		t.Setenv("DOCKER_API_VERSION", "1.30")
		t.Setenv("DOCKER_HOST", e.start(t))
		h, err := Collect(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if h.Engine.APIVersion != want {
			t.Errorf("engine %s: negotiated %s, want %s", api, h.Engine.APIVersion, want)
		}
		close(e.requests)
		for path := range e.requests {
			if path != "/_ping" && !strings.HasPrefix(path, "/v"+want+"/") {
				t.Errorf("engine %s: asked for %s", api, path)
			}
		}
	}
}

// What is gone between being listed and being inspected was never there.
func TestCollectVanishing(t *testing.T) {
	e := recordedEngine(t, "docker-26.1-iptables")
	redis := "/containers/" + e.containerNamed(t, "redis")["Id"].(string) + "/json"
	e.before = func(path string) int {
		if path == redis {
			return http.StatusNotFound
		}
		return 0
	}
	h := collectFrom(t, e)
	if len(h.Containers) != 9 || h.named("redis") != nil || h.named("nginx") == nil {
		t.Errorf("containers %v, want all but redis", h.Containers)
	}
}

func TestCollectContainerModes(t *testing.T) {
	e := recordedEngine(t, "docker-20.10-iptables")
	nginx := e.containerNamed(t, "nginx")["Id"].(string)
	e.containerNamed(t, "silent")["HostConfig"].(map[string]any)["NetworkMode"] = "container:" + nginx
	e.containerNamed(t, "redis")["HostConfig"].(map[string]any)["NetworkMode"] = "container:silent"
	e.containerNamed(t, "shop-db-1")["State"] = map[string]any{"Status": "exited"}
	e.containerNamed(t, "clickhouse")["State"] = map[string]any{"Status": "restarting", "Restarting": true}
	h := collectFrom(t, e)
	for name, owner := range map[string]string{"silent": "nginx", "redis": "nginx", "nginx": "nginx"} {
		if got := h.Owner(h.named(name)); got == nil || got.Name != owner {
			t.Errorf("the owner of %s's network is %v, want %s", name, got, owner)
		}
	}
	if h.Owner(h.named("hostnet")) != nil {
		t.Error("a container on the host's network has an owner")
	}
	if h.named("shop-db-1").Running || !h.named("clickhouse").Running {
		t.Error("exited must not count as running, restarting must")
	}
}

func TestCollectPorts(t *testing.T) {
	e := recordedEngine(t, "docker-28.5-iptables")
	e.containerNamed(t, "nginx")["NetworkSettings"].(map[string]any)["Ports"] = map[string]any{
		"80/tcp":   []any{map[string]any{"HostIp": "", "HostPort": "32768"}},
		"81/tcp":   nil,
		"82/tcp":   []any{map[string]any{"HostIp": "", "HostPort": ""}, map[string]any{"HostIp": "::", "HostPort": "0"}},
		"53/udp":   []any{map[string]any{"HostIp": "2001:db8::10", "HostPort": "53"}},
		"132/sctp": []any{map[string]any{"HostIp": "192.168.0.1", "HostPort": "132"}},
	}
	want := []Publication{
		{Protocol: TCP, HostAddress: netip.IPv4Unspecified(), HostPort: 32768, ContainerPort: 80},
		{Protocol: TCP, HostAddress: netip.IPv6Unspecified(), HostPort: 32768, ContainerPort: 80},
		{Protocol: UDP, HostAddress: netip.MustParseAddr("2001:db8::10"), HostPort: 53, ContainerPort: 53},
		{Protocol: SCTP, HostAddress: netip.MustParseAddr("192.168.0.1"), HostPort: 132, ContainerPort: 132},
	}
	got := collectFrom(t, e).named("nginx").Publications
	if diff := cmp.Diff(want, got, compareHosts); diff != "" {
		t.Errorf("publications (-want +got):\n%s", diff)
	}
}

// A name or a label from outside never comes through as anything but Docker's alphabet, or as data.
func TestCollectHostileNames(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, hostile := range []string{"a\nb", `a";drop`, "a;b", "a b", "", "ünïcode", "-a", "a'", "a\x00"} {
		e := recordedEngine(t, "docker-28.5-iptables")
		c := e.containerNamed(t, "nginx")
		c["Name"] = "/" + hostile
		c["Config"].(map[string]any)["Labels"] = map[string]any{
			labelComposeProject: hostile, labelComposeService: long, "dockwall.allow": hostile,
		}
		c["Config"].(map[string]any)["Env"] = []any{"PASSWORD=secret"}
		id := c["Id"].(string)
		h := collectFrom(t, e)
		got := h.ContainerByID(id)
		if got.Name != id[:12] {
			t.Errorf("container named %q is called %q, want its short ID", hostile, got.Name)
		}
		if got.Project != "" || got.Service != long || got.Labels["dockwall.allow"] != hostile {
			t.Errorf("labels %q: got %+v", hostile, got)
		}
	}
}

// named and network look things up for tests; nil where there is none.
func (h *Host) named(name string) *Container {
	for i := range h.Containers {
		if h.Containers[i].Name == name {
			return &h.Containers[i]
		}
	}
	return nil
}

func (h *Host) network(name string) *Network {
	for i := range h.Networks {
		if h.Networks[i].Name == name {
			return &h.Networks[i]
		}
	}
	return nil
}
