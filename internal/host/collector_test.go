package host

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asked are the inspections among the requests so far.
func asked(e *fakeEngine) (inspected int, others []string) {
	for {
		select {
		case path := <-e.requests:
			if strings.Contains(path, "/containers/") && path[len(path)-5:] == "/json" && !strings.HasSuffix(path, "/containers/json") {
				inspected++
			} else {
				_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
				others = append(others, rest)
			}
		default:
			return inspected, others
		}
	}
}

// The second time, a collector only lists. What the list shows changed is inspected again, and after Forget all is.
func TestCollector(t *testing.T) {
	e := recordedEngine(t, "docker-26.1-iptables")
	e.requests = make(chan string, 1000)
	c := NewCollector(Options{DockerHost: e.start(t)})
	t.Cleanup(c.Forget)
	collect := func() *Host {
		t.Helper()
		h, err := c.Collect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := collect()
	if n, _ := asked(e); n != 10 {
		t.Fatalf("%d containers inspected at first, want 10", n)
	}
	second := collect()
	n, others := asked(e)
	if n != 0 || !cmp.Equal(others, []string{"networks", "containers/json"}) {
		t.Errorf("the second time %d containers were inspected, and asked was %q", n, others)
	}
	second.Captured = first.Captured
	if diff := cmp.Diff(first, second, compareHosts); diff != "" {
		t.Error(diff)
	}

	redis := e.containerNamed(t, "redis")
	e.listed(t, "/containers/json", redis["Id"].(string))["State"] = "exited"
	redis["State"].(map[string]any)["Running"] = false
	if collect().named("redis").Running {
		t.Error("redis still runs")
	}
	if n, _ := asked(e); n != 1 {
		t.Errorf("%d containers inspected after one changed", n)
	}
	c.Forget()
	collect()
	if n, _ := asked(e); n != 10 {
		t.Errorf("%d containers inspected after Forget", n)
	}
}

// A container whose list entry differs only in what changes by itself is not inspected again.
func TestFingerprint(t *testing.T) {
	e := recordedEngine(t, "docker-26.1-iptables")
	e.requests = make(chan string, 1000)
	c := NewCollector(Options{DockerHost: e.start(t)})
	t.Cleanup(c.Forget)
	for _, status := range []string{"Up 3 seconds", "Up 4 seconds"} {
		e.listed(t, "/containers/json", e.containerNamed(t, "redis")["Id"].(string))["Status"] = status
		if _, err := c.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := asked(e); n != 10 {
		t.Errorf("%d inspections in two collections of 10 containers", n)
	}
}
