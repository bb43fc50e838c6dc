package audit

import (
	"fmt"
	"testing"
)

// reached is a way in which the clients of a set are let in.
func reached(way Way, family, from string, interfaces ...string) Access {
	return Access{Way: way, Family: family, Interfaces: interfaces, From: from, Sources: []string{from}}
}

func TestChanges(t *testing.T) {
	four, six := reached(DNAT, "IPv4", "any", "eno1", "eno2"), reached(DNAT, "IPv6", "any", "eno1", "eno2")
	proxy := reached(Proxy, "IPv6", "any", "eno1", "eno2")
	office4, office6 := reached(DNAT, "IPv4", "office", "eno1", "eno2"), reached(DNAT, "IPv6", "office", "eno1", "eno2")
	doubtful := reached(DNAT, "IPv4", "any", "eno1", "eno2")
	doubtful.From, doubtful.Possibly, doubtful.Sources, doubtful.PossibleOnly = Nobody, "any", nil, []string{"any"}
	for name, test := range map[string]struct {
		before, after []Access
		want          string
	}{
		"nothing":               {[]Access{four, six}, []Access{four, six}, "[] any"},
		"nobody ever":           {nil, nil, "[] nobody"},
		"all alike":             {[]Access{four, six}, []Access{office4, office6}, "[{ any office}] office"},
		"closed":                {[]Access{four, proxy}, nil, "[{ any nobody}] nobody"},
		"opened in one family":  {nil, []Access{four}, "[{over IPv4 nobody any}] any over IPv4"},
		"one family":            {[]Access{four, six}, []Access{office4, six}, "[{over IPv4 any office}] office over IPv4; any over IPv6"},
		"another way":           {[]Access{four, proxy}, []Access{four}, "[{over IPv6, by docker-proxy any nobody}] any over IPv4"},
		"one interface":         {[]Access{four}, []Access{reached(DNAT, "IPv4", "any", "eno1")}, "[{over IPv4, on eno2 any nobody}] any over IPv4, on eno1"},
		"doubt is a difference": {[]Access{four}, []Access{doubtful}, "[{over IPv4 any possibly any}] possibly any over IPv4"},
	} {
		e := Exposure{Name: "web", Ports: "80/tcp"}
		before, after := e, e
		before.Access, after.Access = test.before, test.after
		interfaces := []string{"eno1", "eno2"}
		both := Exposure{Name: "both", Access: []Access{four, six}}
		all := Compare(&Report{Interfaces: interfaces, Exposed: []Exposure{before, both}}, &Report{Interfaces: interfaces, Exposed: []Exposure{after}})
		if len(all) != 2 {
			t.Fatalf("%s: %d differences, want 1", name, len(all))
		}
		if got := fmt.Sprint(all[0].Changes()) + " " + all[0].Now(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// A container's own addresses are the same exposure, whatever ports of them are open; what is there only before or only
// after is there once.
func TestCompareMatches(t *testing.T) {
	any4 := []Access{reached(Direct, "IPv4", "any", "eno1")}
	before := &Report{Exposed: []Exposure{{Name: "db", Direct: true, Ports: "all ports", Access: any4}, {Name: "web", Ports: "80/tcp"}}}
	after := &Report{Exposed: []Exposure{{Name: "web", Ports: "81/tcp"}, {Name: "db", Direct: true, Ports: "80/tcp", Access: any4}}}
	var got []string
	for _, d := range Compare(before, after) {
		got = append(got, d.Title())
	}
	if fmt.Sprint(got) != "[81/tcp (web) db, by its own address 80/tcp (web)]" {
		t.Errorf("got %q", got)
	}
}
