#!/bin/sh
# Debian: prerm remove | upgrade; RPM: %preun, 0 for the last removal. An upgrade stops nothing.
# Removing leaves the host as Docker made it.
set -e

case "${1:-}" in
remove | 0) ;;
*) exit 0 ;;
esac

if [ -d /run/systemd/system ]; then
	systemctl stop dockwall.service || true
fi
# Without a history nothing was ever put in force from here: this may be an image that is being made on another machine.
if [ -d /var/lib/dockwall/history ]; then
	dockwall reset --yes || echo "dockwall: its rules could not be removed; they go with the next restart of the machine" >&2
fi
if [ "$1" = 0 ] && command -v systemctl >/dev/null; then
	systemctl --no-reload disable dockwall.service dockwall-restore.service || true
fi
