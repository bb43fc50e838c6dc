package walk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What is not known makes several ways, where it matters; ways that end alike are one, and say nothing of it.
func TestForks(t *testing.T) {
	limit := "-m limit --limit 3/min"
	passes := "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80"
	for name, one := range map[string]struct {
		rules   string
		want    string
		because int // how many sentences the first way has
	}{
		"matters":                    {"-A FORWARD " + limit + " -j DROP", "dropped filter FORWARD rule 1 | " + passes, 1},
		"a log does not":             {"-A FORWARD " + limit + " -j LOG", passes, 0},
		"nor a match that fails":     {"-A FORWARD " + limit + " -p udp -j DROP", passes, 0},
		"nor one that ends the same": {"-A FORWARD " + limit + " -j ACCEPT", passes, 0},
		"nor a chain that returns":   {"-A FORWARD " + limit + " -j A;-A FORWARD -j DROP;-A A -j RETURN", "dropped filter FORWARD rule 2", 0},
		"two":                        {"-A FORWARD " + limit + " -j DROP;-A FORWARD " + limit + " -j REJECT", "dropped filter FORWARD rule 1 | " + passes + " | rejected filter FORWARD rule 2", 1},
	} {
		t.Run(name, func(t *testing.T) {
			trace := New(machine(t, save("filter", strings.Split(one.rules, ";")...), "")).Follow(Question{Packet: packet(t, toServer)})
			if got := told(trace); got != one.want {
				t.Fatalf("got %s, want %s", got, one.want)
			}
			if got := trace.Ways[0].Because; len(got) != one.because {
				t.Errorf("because %q", got)
			}
		})
	}
}

// Many rules that are not known and meet again are followed once each, not once for each combination.
func TestForksMeetAgain(t *testing.T) {
	var lines []string
	for range 100 {
		lines = append(lines, "-A FORWARD -m limit --limit 3/min -j A")
	}
	lines = append(lines, "-A A -j LOG", "-A FORWARD -p tcp -j DROP")
	trace := New(machine(t, save("filter", lines...), "")).Follow(Question{Packet: packet(t, toServer)})
	if got := told(trace); got != "dropped filter FORWARD rule 101" || len(trace.Ways[0].Because) > 0 {
		t.Errorf("got %s because %q", got, trace.Ways[0].Because)
	}
}

// Beyond the bound there is an end that is not known.
func TestForksAreBounded(t *testing.T) {
	var lines []string
	for i := range 2 * maxWalks {
		lines = append(lines, fmt.Sprintf("-A FORWARD -m limit --limit 3/min -j MARK --set-xmark %#x/0xffffffff", i))
	}
	trace := New(machine(t, save("mangle", lines...), "")).Follow(Question{Packet: packet(t, toServer)})
	if !slices.ContainsFunc(trace.Ways, func(w Way) bool { return w.End.Kind == Unknown }) {
		t.Error("not all was followed, and no way says so")
	}
}

// What a rule asks of its maker is known of the host's own packets, if the question says it.
func TestOwner(t *testing.T) {
	m := machine(t, save("filter", "-A OUTPUT -m owner --uid-owner 1000 -j DROP"), "")
	mine := packet(t, "- 203.0.113.10:1 > 198.51.100.7:443/tcp")
	passes := "forwarded eth0 203.0.113.10:1 → 198.51.100.7:443"
	for want, owner := range map[string]*Owner{
		"dropped filter OUTPUT rule 1": {User: 1000}, passes: {User: 1001},
		"dropped filter OUTPUT rule 1 | " + passes: nil,
	} {
		if got := told(New(m).Follow(Question{Packet: mine, Owner: owner})); got != want {
			t.Errorf("%+v: got %s, want %s", owner, got, want)
		}
	}
}

// An address of the link layer that the question does not say may be any.
func TestSourceMAC(t *testing.T) {
	m := machine(t, dropping("-m mac --mac-source 02:00:00:00:00:07"), "")
	p := packet(t, toServer)
	if got := len(New(m).Follow(Question{Packet: p}).Ways); got != 2 {
		t.Errorf("%d ways", got)
	}
	p.SourceMAC = [6]byte{2, 0, 0, 0, 0, 7}
	if got := told(New(m).Follow(Question{Packet: p})); got != droppedIt {
		t.Error(got)
	}
}

// Decide ends as Follow does.
func TestDecide(t *testing.T) {
	w := New(machine(t, published+dropping("-m limit --limit 3/min"), ""))
	for text, want := range map[string]EndKind{toServer: Unknown, "eth0 198.51.100.7:1 > 203.0.113.10:22/tcp": Delivered} {
		if got := w.Decide(&Question{Packet: packet(t, text)}).Kind; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
