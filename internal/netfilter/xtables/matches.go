package xtables

import "github.com/dockwall/dockwall/internal/netfilter"

// matchFor is the match of a family by its name, nil where dockwall does not know it.
func matchFor(family netfilter.Family, name string) *extension {
	if ext := matches[name]; ext != nil {
		return ext
	}
	if family == netfilter.IPv6 {
		return matches6[name]
	}
	return matches4[name]
}

const portOptions = "--sport=1 --source-port=1 --dport=1 --destination-port=1 "

// matches are those of both families.
var matches = map[string]*extension{
	"addrtype": {options: takes("--src-type=1 --dst-type=1 --limit-iface-in --limit-iface-out"), means: addressTypes},
	"comment":  {options: takes("--comment=1"), means: comments},
	"connmark": {options: takes("--mark=1"), means: each(markOf(netfilter.ConntrackMark))},
	"conntrack": {options: takes("--ctstate=1 --ctproto=1 --ctorigsrc=1 --ctorigdst=1 --ctreplsrc=1 --ctrepldst=1 " +
		"--ctorigsrcport=1 --ctorigdstport=1 --ctreplsrcport=1 --ctrepldstport=1 --ctstatus=1 --ctexpire=1 --ctdir=1"), means: conntrack},
	"dccp":    {options: takes(portOptions + "--dccp-types=1 --dccp-option=1"), means: transport(dccp)},
	"dscp":    {options: takes("--dscp=1 --dscp-class=1"), means: each(dscpOf)},
	"iprange": {options: takes("--src-range=1 --dst-range=1"), means: each(addressRanges)},
	"length":  {options: takes("--length=1"), means: each(lengthOf)},
	"mac":     {options: takes("--mac-source=1"), means: each(sourceMAC)},
	"mark":    {options: takes("--mark=1"), means: each(markOf(netfilter.Mark))},
	"multiport": {options: takes("--sports=1 --source-ports=1 --dports=1 --destination-ports=1 --ports=1"),
		means: multiport},
	"owner": {options: takes("--uid-owner=1 --gid-owner=1 --socket-exists --suppl-groups"), means: owner},
	"physdev": {options: takes("--physdev-in=1 --physdev-out=1 --physdev-is-in --physdev-is-out --physdev-is-bridged"),
		means: each(bridgePort)},
	"pkttype": {options: takes("--pkt-type=1"), means: each(packetType)},
	"policy": {options: takes("--dir=1 --pol=1 --strict --reqid=1 --spi=1 --proto=1 --mode=1 --tunnel-src=1 --tunnel-dst=1 --next"),
		means: ipsecPolicy},
	"recent": {options: takes("--set --rcheck --update --remove --seconds=1 --hitcount=1 --rttl --name=1 --rsource --rdest --mask=1 --reap"),
		means: recent},
	"rpfilter": {options: takes("--loose --validmark --accept-local --invert"), means: reversePath},
	"sctp":     {options: takes(portOptions + "--chunk-types=2"), means: transport(sctp)},
	"set": {options: takes("--match-set=2 --return-nomatch --update-counters --update-subcounters --packets-eq=1 " +
		"--packets-lt=1 --packets-gt=1 --bytes-eq=1 --bytes-lt=1 --bytes-gt=1"), means: matchSet},
	"state":   {options: takes("--state=1"), means: each(stateOf)},
	"tcp":     {options: takes(portOptions + "--tcp-flags=2 --syn --tcp-option=1"), means: transport(tcp)},
	"tos":     {options: takes("--tos=1"), means: each(serviceType)},
	"udp":     {options: takes(portOptions), means: transport(udp)},
	"udplite": {options: takes(portOptions), means: transport(udpLite)},

	"bpf":       hangsOn("--bytecode=1 --object-pinned=1", "it is a program that dockwall does not run"),
	"cgroup":    hangsOn("--cgroup=1 --path=1", "the process that made the packet is not known"),
	"cluster":   hangsOn("--cluster-total-nodes=1 --cluster-local-node=1 --cluster-local-nodemask=1 --cluster-hash-seed=1", "the node that a packet falls to is not known"),
	"connbytes": hangsOn("--connbytes=1 --connbytes-dir=1 --connbytes-mode=1", "how much the conversation has carried is not known"),
	"connlabel": hangsOn("--label=1 --set", "the conversation's labels are not known"),
	"connlimit": hangsOn("--connlimit-upto=1 --connlimit-above=1 --connlimit-mask=1 --connlimit-saddr --connlimit-daddr", "the number of conversations is not known"),
	"cpu":       hangsOn("--cpu=1", "the processor is not known"),
	"devgroup":  hangsOn("--src-group=1 --dst-group=1", "the groups of interfaces are not known"),
	"ecn":       hangsOn("--ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect=1", "the packet's congestion marks are not known"),
	"esp":       hangsOn("--espspi=1", "the packet's SPI is not known"),
	"hashlimit": hangsOn("--hashlimit=1 --hashlimit-upto=1 --hashlimit-above=1 --hashlimit-burst=1 --hashlimit-mode=1 --hashlimit-srcmask=1 "+
		"--hashlimit-dstmask=1 --hashlimit-name=1 --hashlimit-htable-size=1 --hashlimit-htable-max=1 --hashlimit-htable-expire=1 "+
		"--hashlimit-htable-gcinterval=1 --hashlimit-rate-match --hashlimit-rate-interval=1", "the rate is not known"),
	"helper": hangsOn("--helper=1", "which helper made the conversation expected is not known"),
	"ipcomp": hangsOn("--ipcompspi=1 --compres", "the packet's SPI is not known"),
	"ipvs": hangsOn("--ipvs --vproto=1 --vaddr=1 --vport=1 --vdir=1 --vmethod=1 --vportctl=1",
		"the virtual servers are not known"),
	"l2tp":      hangsOn("--pid=1 --sid=1 --tid=1 --type=1 --version=1", "what is in the tunnel's packets is not known"),
	"limit":     hangsOn("--limit=1 --limit-burst=1", "the rate is not known"),
	"nfacct":    hangsOn("--nfacct-name=1", "the quota that is left is not known"),
	"osf":       hangsOn("--genre=1 --ttl=1 --log=1", "the sender's operating system is not known"),
	"quota":     hangsOn("--quota=1", "the quota that is left is not known"),
	"rateest":   hangsOn("--rateest=1 --rateest1=1 --rateest2=1 --rateest-delta --rateest-bps=1 --rateest-pps=1 --rateest-bps1=1 --rateest-bps2=1 --rateest-pps1=1 --rateest-pps2=1 --rateest-lt --rateest-gt --rateest-eq", "the rate is not known"),
	"socket":    hangsOn("--transparent --nowildcard", "the sockets that are open are not known"),
	"statistic": hangsOn("--mode=1 --probability=1 --every=1 --packet=1", "it is chance, or a count, that decides"),
	"string":    hangsOn("--algo=1 --from=1 --to=1 --string=1 --hex-string=1 --icase", "what is in the packet is not known"),
	"tcpmss":    hangsOn("--mss=1", "the packet's largest segment is not known"),
	"time": hangsOn("--datestart=1 --datestop=1 --timestart=1 --timestop=1 --monthdays=1 --weekdays=1 --days=1 --kerneltz --utc --localtz --contiguous",
		"the time of day is not known"),
	"u32": hangsOn("--u32=1", "what is in the packet is not known"),
}

// matches4 are those of IPv4 alone.
var matches4 = map[string]*extension{
	"icmp":  {options: takes("--icmp-type=1"), means: icmpTypes(icmp, icmpNames)},
	"ttl":   {options: takes("--ttl-eq=1 --ttl=1 --ttl-lt=1 --ttl-gt=1"), means: each(timeToLive)},
	"ah":    hangsOn("--ahspi=1", "the packet's SPI is not known"),
	"realm": hangsOn("--realm=1", "the routes' realms are not known"),
}

// matches6 are those of IPv6 alone.
var matches6 = map[string]*extension{
	"icmp6":      {options: takes("--icmpv6-type=1"), means: icmpTypes(icmpv6, icmpv6Names)},
	"hl":         {options: takes("--hl-eq=1 --hl-lt=1 --hl-gt=1"), means: each(timeToLive)},
	"eui64":      hangsOn("", "whether the address was made of the sender's MAC is not known"),
	"ah":         hangsOn("--ahspi=1 --ahlen=1 --ahres", headerReason),
	"dst":        hangsOn("--dst-len=1 --dst-opts=1", headerReason),
	"frag":       hangsOn("--fragid=1 --fraglen=1 --fragres --fragfirst --fragmore --fraglast", headerReason),
	"hbh":        hangsOn("--hbh-len=1 --hbh-opts=1", headerReason),
	"ipv6header": hangsOn("--soft --header=1", "which extension headers the packet has is not known"), // matches packets without headers too,
	"mh":         hangsOn("--mh-type=1", "the mobility messages are not known"),
	"rt":         hangsOn("--rt-type=1 --rt-segsleft=1 --rt-len=1 --rt-0-res --rt-0-addrs=1 --rt-0-not-strict", headerReason),
	"srh":        hangsOn("--srh-next-hdr=1 --srh-hdr-len-eq=1 --srh-segs-left-eq=1 --srh-last-entry-eq=1 --srh-tag=1", headerReason),
}
