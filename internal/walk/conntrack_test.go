package walk

import (
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// dropping are the rules that drop what a match of iptables fits, at the end of forward.
func dropping(match string) string { return save("filter", "-A FORWARD "+match+" -j DROP") }

const (
	droppedIt = "dropped filter FORWARD rule 1"
	toServer  = "eth0 198.51.100.7:40000 > 172.17.0.2:80/tcp"
)

// What conntrack says of each packet of a conversation (nf_conntrack_core.c, resolve_normal_ct).
func TestStates(t *testing.T) {
	for match, dropped := range map[string][3]bool{
		"-m conntrack --ctstate NEW":                       {true, false, false},
		"-m conntrack --ctstate ESTABLISHED":               {false, true, true},
		"-m conntrack --ctstate RELATED,INVALID,UNTRACKED": {false, false, false},
		"-m conntrack --ctdir ORIGINAL":                    {true, true, false},
		"-m conntrack --ctdir REPLY":                       {false, false, true},
		"-m conntrack --ctstatus SEEN_REPLY":               {false, true, true},
		"-m conntrack --ctstatus ASSURED":                  {false, true, false},
		"-m conntrack --ctstatus CONFIRMED":                {false, true, true},
		"-m conntrack --ctorigdst 172.17.0.2":              {true, true, true},
		"-p tcp -m conntrack --ctorigdstport 80":           {true, true, true},
		"-m conntrack --ctreplsrc 172.17.0.2":              {true, true, true},
		"-p tcp -m tcp --dport 80":                         {true, true, false},
		"-p tcp -m tcp --syn":                              {true, false, false},
		"-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK":        {false, false, true},
	} {
		w := New(machine(t, dropping(match), ""))
		for moment, want := range dropped {
			q := Question{Packet: packet(t, toServer), Moment: Moment(moment), Assume: true}
			if got := told(w.Follow(q)) == droppedIt; got != want {
				t.Errorf("%s, %v: dropped %v, want %v", match, Moment(moment), got, want)
			}
		}
	}
}

// The reply tuple changes with DNAT, the original one never does; the bits of NAT are set when something changed.
func TestTuplesAfterNAT(t *testing.T) {
	in := "eth0 198.51.100.7:40000 > 203.0.113.10:8123/tcp"
	for match, want := range map[string]bool{
		"-m conntrack --ctstate DNAT":              true,
		"-m conntrack --ctstate SNAT":              false,
		"-p tcp -m conntrack --ctorigdstport 8123": true,
		"-m conntrack --ctorigdst 203.0.113.10":    true,
		"-p tcp -m conntrack --ctreplsrcport 80":   true,
		"-m conntrack --ctreplsrc 172.17.0.2":      true,
		"-m conntrack --ctrepldst 198.51.100.7":    true,
		"-p tcp -m tcp --dport 80":                 true,
		"-d 203.0.113.10":                          false,
	} {
		for _, moment := range []Moment{First, Later} {
			w := New(machine(t, published+dropping(match), ""))
			trace := w.Follow(Question{Packet: packet(t, in), Moment: moment, Assume: true})
			if got := told(trace) == droppedIt; got != want {
				t.Errorf("%s, %v: dropped %v, want %v", match, moment, got, want)
			}
		}
	}
	same := New(machine(t, save("nat", "-A PREROUTING -j DNAT --to-destination 172.17.0.2")+dropping("-m conntrack --ctstate DNAT"), ""))
	if got := told(same.Follow(Question{Packet: packet(t, toServer)})); got == droppedIt {
		t.Error("a DNAT that changes nothing sets no bit (nf_nat_setup_info)")
	}
}

// What begins a conversation and what is invalid (nf_conntrack_proto_tcp.c, tcp_new; nf_conntrack_proto_icmp.c).
func TestInvalid(t *testing.T) {
	m := machine(t, save("filter", "-A FORWARD -m conntrack --ctstate INVALID -j DROP"), "")
	for flags, invalid := range map[uint8]bool{
		flagSYN: false, flagSYN | 192: false, flagACK: false, flagACK | flagPSH: false, flagSYN | flagACK: true, flagRST: true,
		flagFIN | flagACK: true, flagSYN | flagFIN: true, flagFIN | flagPSH | flagURG: true,
	} {
		p := packet(t, toServer)
		p.TCPFlags = flags
		if got := told(New(m).Follow(Question{Packet: p})) == droppedIt; got != invalid {
			t.Errorf("tcp flags %#x: invalid %v, want %v", flags, got, invalid)
		}
	}
	for kind, invalid := range map[uint8]bool{8: false, 13: false, 0: true, 3: true, 11: true, 5: true} {
		p := packet(t, "eth0 198.51.100.7 > 172.17.0.2/icmp")
		p.ICMPType = kind
		if got := told(New(m).Follow(Question{Packet: p})) == droppedIt; got != invalid {
			t.Errorf("icmp type %d: invalid %v, want %v", kind, got, invalid)
		}
	}
}

// Neighbours' and routers' messages are never tracked (nf_conntrack_icmpv6_error).
func TestUntrackedICMPv6(t *testing.T) {
	m := machine(t, "", save("filter", "-A INPUT -m conntrack --ctstate UNTRACKED -j DROP"))
	for kind, untracked := range map[uint8]bool{128: false, 133: true, 135: true, 143: true, 137: false} {
		p := packet(t, "eth0 fe80::7 > fe80::10/icmp6")
		p.ICMPType = kind
		if got := told(New(m).Follow(Question{Packet: p})) == "dropped filter INPUT rule 1"; got != untracked {
			t.Errorf("icmpv6 type %d: untracked %v, want %v", kind, got, untracked)
		}
	}
}

// NOTRACK before conntrack: no NAT, no entry. After it, it does nothing (xt_CT.c, nft_notrack_eval).
func TestNotrack(t *testing.T) {
	in := "eth0 198.51.100.7:40000 > 203.0.113.10:8123/tcp"
	raw := save("raw", "-A PREROUTING -p tcp -j NOTRACK")
	check(t, machine(t, raw+published, ""), []example{
		{"no NAT", in, "delivered 198.51.100.7:40000 → 203.0.113.10:8123", First},
		{"the answer is invalid to conntrack", in, "forwarded eth0 203.0.113.10:8123 → 198.51.100.7:40000", Answer},
	})
	check(t, machine(t, raw+save("filter", "-A INPUT -m conntrack --ctstate UNTRACKED -j DROP"), ""), []example{
		{"untracked", in, "dropped filter INPUT rule 1", First},
	})
	check(t, machine(t, raw+save("filter", "-A INPUT -m connmark ! --mark 1 -j DROP"), ""), []example{
		{"no mark, not another one", in, "delivered 198.51.100.7:40000 → 203.0.113.10:8123", First},
	})
}

// Before conntrack's own hook every packet is invalid (nft_ct_get_eval without an entry).
func TestBeforeConntrack(t *testing.T) {
	state := netfilter.Test{Field: netfilter.ConntrackState, Mask: netfilter.AllOnes, Values: netfilter.One(netfilter.Small(netfilter.StateInvalid))}
	direction := netfilter.Test{Field: netfilter.ConntrackDirection, Mask: netfilter.AllOnes, Values: netfilter.One(netfilter.Small(1)), Negate: true}
	drop := netfilter.Verdict{Kind: netfilter.Drop}
	for priority, want := range map[int]string{-300: "dropped t c rule 2", -201: "dropped t c rule 2", -199: "dropped t c rule 1"} {
		m := nftMachine(t, netfilter.IPv4, func(table *netfilter.Table) {
			chainOf(table, "c", &netfilter.Base{Hook: netfilter.Prerouting, Priority: priority, Policy: netfilter.Accept},
				[]netfilter.Step{direction, drop}, []netfilter.Step{state, drop})
		})
		check(t, m, []example{{"priority", toServer, want, First}})
	}
}

// A refused first packet begins no conversation, unless one is taken for granted: then with the NAT that the rules give.
func TestAssume(t *testing.T) {
	in := "eth0 198.51.100.7:40000 > 203.0.113.10:8123/tcp"
	w := New(machine(t, published+dropping("-m conntrack --ctstate NEW"), ""))
	q := Question{Packet: packet(t, in), Moment: Answer}
	if trace := w.Follow(q); len(trace.Ways) != 0 || told(trace.First) != droppedIt {
		t.Errorf("an answer to nothing: %s", told(trace))
	}
	q.Assume = true
	if got, want := told(w.Follow(q)), "forwarded eth0 203.0.113.10:8123 → 198.51.100.7:40000"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// CONNMARK keeps a mark for the conversation's later packets, both ways (xt_connmark.c).
func TestMarks(t *testing.T) {
	mangle := save("mangle", "-A PREROUTING -i eth0 -m conntrack --ctstate NEW -j MARK --set-xmark 0x5/0xf",
		"-A PREROUTING -i eth0 -m conntrack --ctstate NEW -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff",
		"-A PREROUTING -m conntrack ! --ctstate NEW -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff")
	check(t, machine(t, mangle+dropping("-m mark --mark 0x5/0xf"), ""), []example{{"first", toServer, droppedIt, First}})
	w := New(machine(t, mangle+dropping("-m mark --mark 0x5/0xf -m conntrack --ctstate ESTABLISHED"), ""))
	for _, moment := range []Moment{Later, Answer} {
		if got := told(w.Follow(Question{Packet: packet(t, toServer), Moment: moment})); got != droppedIt {
			t.Errorf("%v: %s", moment, got)
		}
	}
}
