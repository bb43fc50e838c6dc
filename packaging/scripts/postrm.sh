#!/bin/sh
# Debian: postrm remove | purge | upgrade ...; RPM: %postun, 0 for the last removal.
# Purging removes the state: the history and the locks. A policy that somebody wrote stays.
set -e

case "${1:-}" in
remove | purge | 0) ;;
*) exit 0 ;;
esac

if command -v deb-systemd-helper >/dev/null; then
	for unit in dockwall-restore.service dockwall.service; do
		if [ "$1" = purge ]; then
			deb-systemd-helper purge "$unit" >/dev/null || true
			deb-systemd-helper unmask "$unit" >/dev/null || true
		else
			deb-systemd-helper mask "$unit" >/dev/null || true
		fi
	done
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
if [ "$1" = purge ]; then
	rm -rf /var/lib/dockwall
	rmdir /etc/dockwall/policy.d /etc/dockwall 2>/dev/null || true
fi
