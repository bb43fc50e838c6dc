package host

import (
	"slices"
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	onBridge := []Interface{{Name: "docker0", Kind: "bridge"}}
	web := func(network string) []Container {
		return []Container{{ID: "1", Name: "web", Running: true, Endpoints: []Endpoint{{Network: network}}}}
	}
	for name, test := range map[string]struct {
		host Host
		want []string // words of the warnings, one each
	}{
		"nothing":    {Host{Networks: []Network{{Name: "bridge", Driver: "bridge", Bridge: "docker0"}}, Interfaces: onBridge}, nil},
		"rootless":   {Host{Engine: &Engine{Rootless: true}}, []string{"rootless"}},
		"desktop":    {Host{Engine: &Engine{OperatingSystem: "Docker Desktop"}}, []string{"Docker Desktop"}},
		"macvlan":    {Host{Networks: []Network{{Name: "lan", Driver: "macvlan"}}, Containers: web("lan")}, []string{"(web)"}},
		"ipvlan":     {Host{Networks: []Network{{Name: "lan", Driver: "ipvlan"}}, Containers: web("lan")}, []string{"ipvlan"}},
		"empty lan":  {Host{Networks: []Network{{Name: "lan", Driver: "macvlan"}}, Containers: web("other")}, nil},
		"plugin":     {Host{Networks: []Network{{Name: "mesh", Driver: "weave"}}, Containers: web("mesh")}, []string{`"weave"`}},
		"no bridge":  {Host{Networks: []Network{{Name: "x", Driver: "bridge", Bridge: "br-x"}}}, []string{"br-x, which is no interface"}},
		"bad bridge": {Host{Networks: []Network{{Name: "x", Driver: "bridge"}}}, []string{"a name that dockwall does not take"}},
		"host's net": {Host{Containers: []Container{{Name: "h", Running: true, HostNetwork: true}}}, []string{"container h uses the host's"}},
		"stopped":    {Host{Containers: []Container{{Name: "h", HostNetwork: true}}}, nil},
		"outside leg": {Host{Networks: []Network{{Name: "lan", Driver: "bridge", Bridge: "docker0"}},
			Interfaces: append(slices.Clone(onBridge), Interface{Name: "eno1", Kind: "device", Master: "docker0"},
				Interface{Name: "veth1", Kind: "veth", Master: "docker0"})}, []string{`"eno1" is a port of network lan's bridge`}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.host.Engine == nil {
				test.host.Engine = &Engine{}
			}
			got := test.host.warnings()
			if len(got) != len(test.want) {
				t.Fatalf("warnings %q, want %d", got, len(test.want))
			}
			for i, words := range test.want {
				if !strings.Contains(got[i], words) {
					t.Errorf("warning %q does not say %q", got[i], words)
				}
			}
		})
	}
}

func TestBridgeNames(t *testing.T) {
	e := recordedEngine(t, "docker-28.5-iptables")
	dual := recording(t, "docker-28.5-iptables").network("dual").ID
	for name, want := range map[string]string{
		"": "br-" + dual[:12], "br-lan": "br-lan", "a b": "", "a\nb": "", "sixteen-letters-": "", "..": "", "a/b": "", `a"b`: "", "ü": "",
	} {
		e.object("/networks/" + dual)["Options"] = map[string]any{optionBridgeName: name, optionGatewayMode6: "routed", optionGatewayMode4: "nat"}
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
