package host

import "testing"

// Who has the engine's socket, or is privileged, is root of the host. What else is mounted stays out of a Host.
func TestCollectPower(t *testing.T) {
	e := recordedEngine(t, "docker-28.5-iptables")
	mount := func(source string) []any {
		return []any{map[string]any{"Type": "bind", "Source": source, "Destination": "/x"}}
	}
	e.containerNamed(t, "nginx")["Mounts"] = mount("/var/run/docker.sock")
	e.containerNamed(t, "redis")["Mounts"] = mount("/srv/docker.sock.d")
	e.containerNamed(t, "silent")["Mounts"] = mount("/run/")
	e.containerNamed(t, "clickhouse")["HostConfig"].(map[string]any)["Privileged"] = true
	h := collectFrom(t, e)
	for name, want := range map[string][2]bool{
		"nginx": {false, true}, "redis": {}, "silent": {false, true}, "clickhouse": {true, false},
	} {
		if c := h.named(name); [2]bool{c.Privileged, c.DockerSocket} != want {
			t.Errorf("%s: privileged %v, socket %v; want %v", name, c.Privileged, c.DockerSocket, want)
		}
	}
}
