package host

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// readRouting reads the routing policy of the calling thread's network namespace.
func readRouting() (*Routing, error) {
	var r Routing
	names, err := linkNames()
	if err != nil {
		return nil, err
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		rules, err := dump(func() ([]netlink.Rule, error) { return listRules(family) })
		if err != nil {
			return nil, fmt.Errorf("the kernel does not list the host's routing rules: %w", err)
		}
		for _, rule := range rules {
			r.Rules = append(r.Rules, routingRule(rule, family))
		}
		all, err := dump(func() ([]netlink.Route, error) {
			return netlink.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		})
		if err != nil {
			return nil, fmt.Errorf("the kernel does not list the host's routes: %w", err)
		}
		for _, route := range all {
			r.Routes = append(r.Routes, tableRoutes(route, family, names)...)
		}
	}
	r.sort()
	return &r, nil
}

func linkNames() (map[int]string, error) {
	links, err := dump(netlink.LinkList)
	if err != nil {
		return nil, fmt.Errorf("the kernel does not list its network interfaces: %w", err)
	}
	names := map[int]string{}
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	return names, nil
}

// listRules is netlink.RuleList with the rules' types, which that does not read.
func listRules(family int) ([]netlink.Rule, error) {
	rules, err := netlink.RuleList(family)
	if err != nil {
		return nil, err
	}
	request := nl.NewNetlinkRequest(unix.RTM_GETRULE, unix.NLM_F_DUMP)
	request.AddData(nl.NewIfInfomsg(family))
	messages, err := request.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWRULE)
	if err != nil {
		return nil, err
	}
	if len(messages) != len(rules) {
		return nil, netlink.ErrDumpInterrupted
	}
	for i, message := range messages {
		rules[i].Type = nl.DeserializeRtMsg(message).Type
	}
	return rules, nil
}

// actions are FR_ACT_* (include/uapi/linux/fib_rules.h).
var actions = map[uint8]string{2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}

func routingRule(r netlink.Rule, family int) RoutingRule {
	rule := RoutingRule{IPv6: family == netlink.FAMILY_V6, Priority: max(r.Priority, 0), Mark: r.Mark, In: r.IifName, Out: r.OifName,
		Invert: r.Invert, Table: r.Table, Action: actions[r.Type], More: moreConditions(r)}
	switch {
	case r.Mask != nil:
		rule.Mask = *r.Mask
	case r.Mark != 0:
		rule.Mask = ^uint32(0)
	}
	rule.Source, _ = prefixOf(r.Src)
	rule.Destination, _ = prefixOf(r.Dst)
	return rule
}

func moreConditions(r netlink.Rule) string {
	var more []string
	add := func(asked bool, word string) {
		if asked {
			more = append(more, word)
		}
	}
	add(r.SuppressPrefixlen >= 0, fmt.Sprintf("suppress_prefixlength %d", r.SuppressPrefixlen))
	add(r.SuppressIfgroup >= 0, fmt.Sprintf("suppress_ifgroup %d", r.SuppressIfgroup))
	add(r.Tos != 0, fmt.Sprintf("tos %d", r.Tos))
	add(r.IPProto != 0, fmt.Sprintf("ipproto %d", r.IPProto))
	add(r.Sport != nil, "sport")
	add(r.Dport != nil, "dport")
	add(r.UIDRange != nil, "uidrange")
	add(r.TunID != 0, "tun_id")
	return strings.Join(more, " ")
}

// tableRoutes are a kernel's route as TableRoutes; none for what is told elsewhere: unicast routes of the main table by the
// Host, and what the kernel itself puts into the local table by the addresses.
func tableRoutes(r netlink.Route, family int, names map[int]string) []TableRoute {
	usual := r.Table == unix.RT_TABLE_MAIN && r.Type == unix.RTN_UNICAST
	if usual || r.Table == unix.RT_TABLE_LOCAL || r.Type == unix.RTN_MULTICAST {
		return nil
	}
	destination, ok := prefixOf(r.Dst)
	if !ok {
		destination = anywhere(family)
	}
	var routes []TableRoute
	for _, route := range hops(r, destination, names) {
		routes = append(routes, TableRoute{route, r.Table, routeType(r.Type)})
	}
	return routes
}

func anywhere(family int) netip.Prefix {
	if family == netlink.FAMILY_V6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

func routeType(t int) string {
	names := map[int]string{unix.RTN_UNICAST: "unicast", unix.RTN_LOCAL: "local", unix.RTN_BROADCAST: "broadcast",
		unix.RTN_ANYCAST: "anycast", unix.RTN_BLACKHOLE: "blackhole", unix.RTN_UNREACHABLE: "unreachable",
		unix.RTN_PROHIBIT: "prohibit", unix.RTN_THROW: "throw"}
	if name, known := names[t]; known {
		return name
	}
	return strconv.Itoa(t)
}
