package watch

import (
	"context"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// linkGroups are the kernel's lists of who hears of links, addresses and routes (rtnetlink(7)).
var linkGroups = []uint32{
	unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
}

// linkCauses are the messages that matter, in words.
var linkCauses = map[netlink.HeaderType]string{
	unix.RTM_NEWLINK: "a link came or changed", unix.RTM_DELLINK: "a link went",
	unix.RTM_NEWADDR: "an address came", unix.RTM_DELADDR: "an address went",
	unix.RTM_NEWROUTE: "a route came", unix.RTM_DELROUTE: "a route went",
}

// Links wakes when a link, an address or a route comes, changes or goes.
func Links(ctx context.Context, wake Wake) error {
	return multicast(ctx, unix.NETLINK_ROUTE, linkGroups, func(m netlink.Message) {
		if cause := linkCauses[m.Header.Type]; cause != "" {
			wake(cause)
		}
	}, func() { wake("more links and addresses changed than could be followed") })
}
