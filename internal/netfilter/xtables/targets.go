package xtables

import (
	"errors"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// inert is a target that no verdict hangs on: the packet goes on to the next rule as it was, as far as rules can see.
func inert(options string) *extension { return &extension{options: takes(options), inertRest: true} }

// opaque is a target after which it is not known what happens to the packet.
func opaque(options, reason string) *extension {
	return &extension{options: takes(options), means: func(*sentence, []option) ([]netfilter.Step, error) {
		return nil, errors.New(reason)
	}}
}

// verdict is a target that ends the packet's way through the chain.
func verdict(kind netfilter.VerdictKind, options string) *extension {
	return &extension{options: takes(options), means: func(*sentence, []option) ([]netfilter.Step, error) {
		return []netfilter.Step{netfilter.Verdict{Kind: kind}}, nil
	}}
}

const natFlags = " --random --random-fully --persistent"

// targets are those of both families; what only one of them has never stands in the other's text.
var targets = map[string]*extension{
	"ACCEPT":  verdict(netfilter.Accept, ""),
	"DROP":    verdict(netfilter.Drop, ""),
	"RETURN":  verdict(netfilter.Return, ""),
	"QUEUE":   verdict(netfilter.Queue, ""),
	"NFQUEUE": verdict(netfilter.Queue, "--queue-num=1 --queue-balance=1 --queue-bypass --queue-cpu-fanout"),
	"REJECT":  {options: takes("--reject-with=1"), means: reject},

	"DNAT":       {options: takes("--to-destination=1" + natFlags), means: translate(netfilter.DNAT)},
	"SNAT":       {options: takes("--to-source=1" + natFlags), means: translate(netfilter.SNAT)},
	"MASQUERADE": {options: takes("--to-ports=1" + natFlags), means: translate(netfilter.Masquerade)},
	"REDIRECT":   {options: takes("--to-ports=1" + natFlags), means: translate(netfilter.Redirect)},
	"NETMAP":     {options: takes("--to=1"), means: netmap},

	"MARK": {options: takes("--set-xmark=1 --set-mark=1 --and-mark=1 --or-mark=1 --xor-mark=1"), means: setMark},
	"CONNMARK": {options: takes("--set-xmark=1 --set-mark=1 --and-mark=1 --or-mark=1 --xor-mark=1 --save-mark --restore-mark " +
		"--nfmask=1 --ctmask=1 --mask=1"), means: connectionMark},
	"DSCP": {options: takes("--set-dscp=1 --set-dscp-class=1"), means: each(setDSCP)},
	"TOS":  {options: takes("--set-tos=1 --and-tos=1 --or-tos=1 --xor-tos=1"), means: each(setTOS)},
	"TTL":  {options: takes("--ttl-set=1 --ttl-dec=1 --ttl-inc=1"), means: each(setTTL)},
	"HL":   {options: takes("--hl-set=1 --hl-dec=1 --hl-inc=1"), means: each(setTTL)},
	"SET": {options: takes("--add-set=2 --del-set=2 --map-set=2 --timeout=1 --exist --map-mark --map-prio --map-queue"),
		means: setTarget},
	"NOTRACK": {options: takes(""), means: noTrack},
	"CT": {options: takes("--notrack --helper=1 --ctevents=1 --expevents=1 --zone=1 --zone-orig=1 --zone-reply=1 --timeout=1"),
		means: ctTarget},

	"AUDIT":       inert("--type=1"),
	"CHECKSUM":    inert("--checksum-fill"),
	"CLASSIFY":    inert("--set-class=1"),
	"CONNSECMARK": inert("--save --restore"),
	"ECN":         inert("--ecn-tcp-remove --ecn-tcp-cwr=1 --ecn-tcp-ece=1 --ecn-ip-ect=1"),
	"IDLETIMER":   inert("--timeout=1 --label=1 --alarm"),
	"LED":         inert("--led-trigger-id=1 --led-delay=1 --led-always-blink"),
	"LOG":         inert("--log-level=1 --log-prefix=1 --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode"),
	"NFLOG":       inert("--nflog-group=1 --nflog-prefix=1 --nflog-range=1 --nflog-size=1 --nflog-threshold=1"),
	"RATEEST":     inert("--rateest-name=1 --rateest-interval=1 --rateest-ewmalog=1"),
	"SECMARK":     inert("--selctx=1"),
	"TCPMSS":      inert("--set-mss=1 --clamp-mss-to-pmtu"),
	"TCPOPTSTRIP": inert("--strip-options=1"),
	"TEE":         inert("--gateway=1 --oif=1"), // the packet itself goes on; its copy is another packet
	"TRACE":       inert(""),
	"ULOG":        inert("--ulog-nlgroup=1 --ulog-prefix=1 --ulog-cprange=1 --ulog-qthreshold=1"),

	"CLUSTERIP": opaque("--new --hashmode=1 --clustermac=1 --total-nodes=1 --local-node=1 --hash-init=1", "the cluster's node that a packet falls to is not known"),
	"DNPT":      opaque("--src-pfx=1 --dst-pfx=1", "dockwall does not follow prefix translation"),
	"SNPT":      opaque("--src-pfx=1 --dst-pfx=1", "dockwall does not follow prefix translation"),
	"HMARK":     opaque("", "the mark that the packet's hash gives is not known"),
	"SYNPROXY":  opaque("--sack-perm --timestamp --wscale=1 --mss=1 --ecn", "the proxy answers in place of the server"),
	"TPROXY":    opaque("--on-port=1 --on-ip=1 --tproxy-mark=1", "it hands the packet to a local proxy, or drops it where there is none"),
}

// reject has the answer in iptables' words; without one it is that port unreachable of the family.
func reject(s *sentence, options []option) ([]netfilter.Step, error) {
	with := "icmp-port-unreachable"
	if s.family == netfilter.IPv6 {
		with = "icmp6-port-unreachable"
	}
	for _, o := range options {
		with = o.args[0]
	}
	return []netfilter.Step{netfilter.Verdict{Kind: netfilter.Reject, With: with}}, nil
}

func noTrack(*sentence, []option) ([]netfilter.Step, error) {
	return []netfilter.Step{netfilter.NoTrack{}}, nil
}

// ctTarget is CT. A helper makes later conversations expected, but changes nothing for this packet; a zone keeps its
// conversation apart from others, which dockwall does not follow.
func ctTarget(_ *sentence, options []option) ([]netfilter.Step, error) {
	if given(options, "--notrack", false) {
		return []netfilter.Step{netfilter.NoTrack{}}, nil
	}
	for _, o := range options {
		if o.name == "--zone" || o.name == "--zone-orig" || o.name == "--zone-reply" {
			return nil, errors.New("dockwall does not follow conntrack zones")
		}
	}
	return []netfilter.Step{netfilter.Note{Text: "-j CT"}}, nil
}
