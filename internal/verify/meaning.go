package verify

import (
	"net/netip"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/policy"
)

// Meaning is what a policy says on a host of the first packets of all conversations of one address family: the same as
// policy.Decide, for all packets at once. It shares no code with the compiler of gates, so that it can judge gates.
type Meaning struct {
	space  *packetset.Space
	policy *policy.Policy
	host   *host.Host

	ingress, egress *rules
	targets         *targets
	loopback        packetset.Set
	verdicts        map[string]Verdict       // what Ingress said, by interface
	unknown         map[string]packetset.Set // what Unknown said
}

// Verdict is what the policy says of packets: those it governs, and of them those it allows. All other packets are left
// as they are.
type Verdict struct{ Governed, Allowed packetset.Set }

// Refused are the packets that must not come through.
func (v Verdict) Refused() packetset.Set { return v.Governed.Minus(v.Allowed) }

// NewMeaning reads a policy, with the labels' rules merged in, in a space of packets.
func NewMeaning(s *packetset.Space, p *policy.Policy, h *host.Host) *Meaning {
	m := &Meaning{space: s, policy: p, host: h, targets: newTargets(s, h),
		verdicts: map[string]Verdict{}, unknown: map[string]packetset.Set{}}
	m.loopback = m.addresses(netfilter.DestinationAddress, loopback)
	m.ingress = newRules(m, p.Ingress, m.dialled, m.containers)
	m.egress = newRules(m, p.Egress, m.dialled, m.senders)
	return m
}

// Ingress is what the policy says of packets that arrive on an outside interface.
func (m *Meaning) Ingress(in string) Verdict {
	if known, ok := m.verdicts[in]; ok {
		return known
	}
	t := m.targets
	allowed := m.ingress.allowed(in, m.policy.Defaults.Ingress, nil).And(t.single)
	for _, c := range t.shared {
		all := c.set
		for i := range c.targets {
			speaks := func(r *policy.Rule) bool { return m.speaksOf(r, &c.targets[i]) }
			all = all.And(m.ingress.allowed(in, m.policy.Defaults.Ingress, speaks))
		}
		allowed = allowed.Or(all)
	}
	m.verdicts[in] = Verdict{t.governed, allowed.Minus(m.loopback)}
	return m.verdicts[in]
}

// Egress is what the policy says of packets that arrive on a Docker bridge and leave by an outside interface.
func (m *Meaning) Egress(out string) Verdict {
	return Verdict{m.space.All(), m.egress.allowed(out, m.policy.Defaults.Egress, nil)}
}

// anyInterface stands for answers: they may take another interface than they were asked on. What is allowed on one
// interface is answered on any, and rules that refuse on one refuse no answers.
const anyInterface = "*"

// Unknown are the packets that reach nothing the policy knows of, and that no rule of it could allow: if somebody's NAT
// sends them into a container, they have no business there.
func (m *Meaning) Unknown(in string) packetset.Set {
	if m.policy.Defaults.Ingress == policy.Allow {
		return m.space.None()
	}
	if _, known := m.unknown[in]; !known {
		m.unknown[in] = m.targets.governed.Not().Minus(m.ingress.perhaps(in))
	}
	return m.unknown[in]
}

// direct are the packets to containers' own addresses, published all others that the policy governs.
func (m *Meaning) direct() packetset.Set    { return m.targets.toOwn }
func (m *Meaning) published() packetset.Set { return m.targets.governed.Minus(m.targets.toOwn) }

// deaf are packets that nobody hears: TCP and SCTP to broadcast and multicast addresses, broadcasts to a port of swarm's
// mesh, where the engine holds the socket and reads nothing, and what is to no address.
func (m *Meaning) deaf() packetset.Set {
	many := m.addresses(netfilter.DestinationAddress, addrset.Union(multicast, broadcasts(m.host)))
	none := m.addresses(netfilter.DestinationAddress, addrset.OfAddresses(netip.IPv4Unspecified(), netip.IPv6Unspecified()))
	unheard := m.protocol(host.TCP).Or(m.protocol(host.SCTP))
	for _, s := range m.host.Services {
		unheard = unheard.Or(m.targets.dialled(netfilter.NewRanges(one(s.Protocol)), s.HostPort))
	}
	return unheard.And(many).Or(none)
}

// dialled are the packets to the ports, and at the address, that a rule names.
func (m *Meaning) dialled(r *policy.Rule) packetset.Set {
	set := m.ports(r.Ports)
	if r.At.IsValid() {
		set = set.And(m.addresses(netfilter.DestinationAddress, addrset.OfAddresses(r.At)))
	}
	return set
}

// containers are the packets to containers that a rule of ingress speaks of, senders those from them, of egress.
func (m *Meaning) containers(r *policy.Rule) packetset.Set { return m.targets.spokenOf(m, r) }
func (m *Meaning) senders(r *policy.Rule) packetset.Set {
	return m.addresses(netfilter.SourceAddress, m.targets.senders(m, r))
}

// ports are the packets to the ports that rules name; a protocol that has no ports here is spoken of by `all` only, and
// icmp is an echo.
func (m *Meaning) ports(sets []policy.PortSet) packetset.Set {
	if len(sets) == 0 {
		return m.space.All()
	}
	all := m.space.None()
	for _, p := range sets {
		one := m.protocol(p.Protocol)
		if len(p.Ranges) > 0 {
			one = one.And(m.space.Where(netfilter.DestinationPort, netfilter.AllOnes, portRanges(p.Ranges)))
		}
		all = all.Or(one)
	}
	return all
}

// protocol is the packets of a protocol of the policy's: for icmp, echo requests.
func (m *Meaning) protocol(p host.Protocol) packetset.Set {
	if p != host.ICMP {
		return m.space.Where(netfilter.Protocol, netfilter.AllOnes, netfilter.One(netfilter.Small(uint64(p))))
	}
	echo := uint64(echoRequest4)
	if m.space.Family() == netfilter.IPv6 {
		echo = echoRequest6
	}
	return m.space.Where(netfilter.ICMPType, netfilter.AllOnes, netfilter.One(netfilter.Small(echo)))
}

const (
	echoRequest4 = 8
	echoRequest6 = 128
)

// addresses are the packets with an address field in a set.
func (m *Meaning) addresses(f netfilter.Field, s *netipx.IPSet) packetset.Set {
	return m.space.Where(f, netfilter.AllOnes, rangesOf(s, m.space.Family()))
}

func portRanges(list []policy.PortRange) netfilter.Ranges {
	ranges := make([]netfilter.Range, len(list))
	for i, r := range list {
		ranges[i] = netfilter.Range{First: netfilter.Small(uint64(r.First)), Last: netfilter.Small(uint64(r.Last))}
	}
	return netfilter.NewRanges(ranges...)
}
