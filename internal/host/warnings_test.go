package host

import (
	"slices"
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	onBridge := []Interface{{Name: "docker0", Kind: "bridge"}}
	bridge := func(iface string) []Network { return []Network{{Name: "lan", Driver: "bridge", Bridge: iface}} }
	web := func(driver, network string) Host {
		return Host{
			Networks:   []Network{{Name: "lan", Driver: driver}},
			Containers: []Container{{ID: "1", Name: "web", Running: true, Endpoints: []Endpoint{{Network: network}}}},
		}
	}
	leg := append(slices.Clone(onBridge), Interface{Name: "eno1", Kind: "device", Master: "docker0"},
		Interface{Name: "veth1", Kind: "veth", Master: "docker0"})
	for name, test := range map[string]struct {
		host Host
		want string // words of the only warning; "": none
	}{
		"nothing":     {Host{Networks: bridge("docker0"), Interfaces: onBridge}, ""},
		"rootless":    {Host{Engine: &Engine{Rootless: true}}, "rootless"},
		"desktop":     {Host{Engine: &Engine{OperatingSystem: "Docker Desktop"}}, "Docker Desktop"},
		"macvlan":     {web("macvlan", "lan"), "(web)"},
		"ipvlan":      {web("ipvlan", "lan"), "ipvlan"},
		"empty lan":   {web("macvlan", "other"), ""},
		"plugin":      {web("weave", "lan"), `"weave"`},
		"no bridge":   {Host{Networks: bridge("br-x")}, "br-x, which is no interface"},
		"bad bridge":  {Host{Networks: bridge("")}, "a name that dockwall does not take"},
		"host's net":  {Host{Containers: []Container{{Name: "h", Running: true, HostNetwork: true}}}, "container h uses"},
		"stopped":     {Host{Containers: []Container{{Name: "h", HostNetwork: true}}}, ""},
		"outside leg": {Host{Networks: bridge("docker0"), Interfaces: leg}, `"eno1" is a port of network lan's bridge`},
	} {
		t.Run(name, func(t *testing.T) {
			if test.host.Engine == nil {
				test.host.Engine = &Engine{}
			}
			got := test.host.warnings()
			if test.want == "" && len(got) != 0 || test.want != "" && len(got) != 1 {
				t.Fatalf("warnings %q, want one that says %q", got, test.want)
			}
			if test.want != "" && !strings.Contains(got[0], test.want) {
				t.Errorf("warning %q does not say %q", got[0], test.want)
			}
		})
	}
}

func TestBridgeNames(t *testing.T) {
	e := recordedEngine(t, "docker-28.5-iptables")
	dual := recording(t, "docker-28.5-iptables").network("dual").ID
	for name, want := range map[string]string{
		"": "br-" + dual[:12], "br-lan": "br-lan",
		"a b": "", "a\nb": "", "sixteen-letters-": "", "..": "", "a/b": "", `a"b`: "", "ü": "",
	} {
		e.listed(t, "/networks", dual)["Options"] = map[string]any{
			optionBridgeName: name, optionGatewayMode6: "routed", optionGatewayMode4: "nat",
		}
		n := collectFrom(t, e).network("dual")
		if n.Bridge != want || n.Mode != "" || n.Mode6 != "routed" {
			t.Errorf("option %q: bridge %q, want %q; modes %q and %q", name, n.Bridge, want, n.Mode, n.Mode6)
		}
	}
}

func TestEngineRootless(t *testing.T) {
	e := recordedEngine(t, "docker-28.5-iptables")
	e.object("/info")["SecurityOptions"] = []any{"name=seccomp,profile=builtin", "name=rootless"}
	if !collectFrom(t, e).Engine.Rootless {
		t.Error("a rootless engine is not seen")
	}
}
