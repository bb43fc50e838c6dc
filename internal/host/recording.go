package host

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// LoadRecording is the Host of a recorded machine: a folder with links.json, addrs.json, routes4.json and routes6.json
// (from `ip -j`), listeners.txt (`ss -ltnu`), iptables-save.txt, and in docker/ the Engine API's answers: version.json,
// info.json, network-ID.json and container-ID.json. It gives what Collect would have given there.
func LoadRecording(dir string) (*Host, error) {
	inv, err := recordedInventory(filepath.Join(dir, "docker"))
	if err != nil {
		return nil, err
	}
	h := &Host{Name: inv.info.Name}
	if h.Captured, err = time.Parse(time.RFC3339Nano, inv.info.SystemTime); err != nil {
		return nil, fmt.Errorf("the recording %s has no system time in docker/info.json: %w", dir, err)
	}
	if h.Interfaces, err = recordedInterfaces(dir); err != nil {
		return nil, err
	}
	if h.Routes, err = recordedRoutes(dir); err != nil {
		return nil, err
	}
	rules, err := os.ReadFile(filepath.Join(dir, "iptables-save.txt"))
	if err != nil {
		return nil, fmt.Errorf("the recording lacks iptables-save.txt: %w", err)
	}
	if carriesDocker(string(rules)) {
		h.Iptables = variantOf(string(rules))
	}
	ls, err := recordedListeners(dir)
	if err != nil {
		return nil, err
	}
	inv.fill(h, ls)
	return h, nil
}

// readJSON reads one JSON file into v.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the recording lacks a file: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func recordedInventory(dir string) (*inventory, error) {
	var inv inventory
	var version struct{ APIVersion string }
	if err := readJSON(filepath.Join(dir, "version.json"), &version); err != nil {
		return nil, err
	}
	inv.apiVersion = version.APIVersion
	if err := readJSON(filepath.Join(dir, "info.json"), &inv.info); err != nil {
		return nil, err
	}
	networks, _ := filepath.Glob(filepath.Join(dir, "network-*.json"))
	for _, path := range networks {
		var n network.Inspect
		if err := readJSON(path, &n); err != nil {
			return nil, err
		}
		inv.networks = append(inv.networks, n)
	}
	containers, _ := filepath.Glob(filepath.Join(dir, "container-*.json"))
	for _, path := range containers {
		var c container.InspectResponse
		if err := readJSON(path, &c); err != nil {
			return nil, err
		}
		inv.containers = append(inv.containers, c)
	}
	return &inv, nil
}

// ipLink is one entry of `ip -j link` or `ip -j address`.
type ipLink struct {
	IfIndex  int
	IfName   string
	Flags    []string
	Master   string
	LinkInfo struct {
		Kind string `json:"info_kind"`
	}
	AddrInfo []struct {
		Local     netip.Addr
		PrefixLen int
	} `json:"addr_info"`
}

func recordedInterfaces(dir string) ([]Interface, error) {
	var links, addrs []ipLink
	if err := readJSON(filepath.Join(dir, "links.json"), &links); err != nil {
		return nil, err
	}
	if err := readJSON(filepath.Join(dir, "addrs.json"), &addrs); err != nil {
		return nil, err
	}
	var interfaces []Interface
	for _, l := range links {
		i := Interface{Name: l.IfName, Index: l.IfIndex, Kind: l.LinkInfo.Kind, Master: l.Master,
			Loopback: slices.Contains(l.Flags, "LOOPBACK"), Up: slices.Contains(l.Flags, "UP")}
		if i.Kind == "" {
			i.Kind = "device"
		}
		for _, a := range addrs {
			if a.IfIndex != l.IfIndex {
				continue
			}
			for _, info := range a.AddrInfo {
				i.Addresses = append(i.Addresses, netip.PrefixFrom(info.Local, info.PrefixLen))
			}
		}
		interfaces = append(interfaces, i)
	}
	return interfaces, nil
}

// ipRoute is one entry of `ip -j route`. Routes of the main table name no table; unicast routes name no type.
type ipRoute struct {
	Type, Table, Dst, Dev string
	Gateway               netip.Addr
	Metric                int
}

func recordedRoutes(dir string) ([]Route, error) {
	var routes []Route
	for file, all := range map[string]string{"routes4.json": "0.0.0.0/0", "routes6.json": "::/0"} {
		var recorded []ipRoute
		if err := readJSON(filepath.Join(dir, file), &recorded); err != nil {
			return nil, err
		}
		for _, r := range recorded {
			if r.Type != "" && r.Type != "unicast" || r.Table != "" && r.Table != "main" {
				continue
			}
			destination, err := parseDestination(r.Dst, all)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Join(dir, file), err)
			}
			routes = append(routes, Route{destination, r.Gateway, r.Dev, r.Metric})
		}
	}
	return routes, nil
}

// parseDestination reads ip's way to write destinations: "default", a prefix, or an address alone.
func parseDestination(dst, all string) (netip.Prefix, error) {
	if dst == "default" {
		dst = all
	}
	if strings.Contains(dst, "/") {
		return netip.ParsePrefix(dst)
	}
	addr, err := netip.ParseAddr(dst)
	return netip.PrefixFrom(addr, addr.BitLen()), err
}

func recordedListeners(dir string) (listeners, error) {
	f, err := os.Open(filepath.Join(dir, "listeners.txt"))
	if err != nil {
		return nil, fmt.Errorf("the recording lacks listeners.txt: %w", err)
	}
	defer f.Close()
	return readSS(f)
}
