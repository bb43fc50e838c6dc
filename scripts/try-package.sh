#!/bin/sh
# Installs, upgrades, removes and purges the .deb in a directory (dist, or the argument) in a Debian of its own: an overlay
# over the testbed's root, in mount and network namespaces of its own, that is gone afterwards. It needs root, and the
# root that `make testbed` or `make test` leaves in the cache.
set -eu
root=${DOCKWALL_CACHE:-/var/cache/dockwall}/engines/bookworm
if [ "${2:-}" != inside ]; then
	[ "$(id -u)" = 0 ] && [ -d "$root" ] || { echo "not tried: this needs root, and the testbed's root in $root" >&2; exit 0; }
	exec unshare --mount --net --propagation private sh "$0" "${1:-dist}" inside
fi

work=$(mktemp -d)
trap 'umount -l "$work"; rmdir "$work"' EXIT
mount -t tmpfs none "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work" "$work/root"
mount -t proc proc "$work/root/proc"
mount --rbind /dev "$work/root/dev"
cp "$1"/dockwall_*_"$(dpkg --print-architecture)".deb "$work/root/tmp/dockwall.deb"

chroot "$work/root" sh -eu <<'INSIDE'
fail() { echo "$1" >&2; exit 1; }
enabled() { [ -L /etc/systemd/system/multi-user.target.wants/dockwall.service ]; }

before=$(iptables-save)
dpkg -i /tmp/dockwall.deb >/dev/null
enabled || fail "installing did not enable the guard, as Debian does"
[ "$(iptables-save)" = "$before" ] || fail "installing changed the rules"
timeout 2 dockwall run 2>/tmp/log || true
grep -q 'there is no policy' /tmp/log || fail "the guard without a policy does not say so: $(cat /tmp/log)"
[ "$(iptables-save)" = "$before" ] || fail "the guard changed the rules without a policy"

printf 'version: 1\n' >/etc/dockwall/policy.yaml
mkdir -p /var/lib/dockwall/history
dpkg -i /tmp/dockwall.deb >/dev/null
enabled || fail "the upgrade disabled the guard"

dpkg -r dockwall >/dev/null 2>/tmp/log
[ ! -e /usr/bin/dockwall ] || fail "the command is still there after the removal"
[ -s /etc/dockwall/policy.yaml ] && [ -d /var/lib/dockwall/history ] || fail "the removal took the policy or the history"
dpkg -i /tmp/dockwall.deb >/dev/null
enabled || fail "the second installation did not enable the guard"
dpkg -P dockwall >/dev/null 2>&1
[ -s /etc/dockwall/policy.yaml ] || fail "purging took the policy that somebody wrote"
[ ! -e /var/lib/dockwall ] || fail "purging left the state"
[ -z "$(find /etc/systemd /usr/lib/systemd /usr/share/man -name '*dockwall*')" ] || fail "purging left files"
echo "installed, upgraded, removed and purged: as it should be"
INSIDE
