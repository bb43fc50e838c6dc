#!/bin/sh
# Debian: postinst configure [OLD-VERSION]; RPM: %post, 1 for an installation and 2 for an upgrade.
# Nothing is opened or closed: without a policy the guard says so and waits. An upgrade restarts the guard only; the rules
# in force stay while it is away.
set -e

case "${1:-}" in
configure | 1 | 2) ;;
*) exit 0 ;;
esac
units="dockwall-restore.service dockwall.service"

if command -v deb-systemd-helper >/dev/null; then
	for unit in $units; do
		deb-systemd-helper unmask "$unit" >/dev/null || true
		if deb-systemd-helper --quiet was-enabled "$unit"; then
			deb-systemd-helper enable "$unit" >/dev/null || true
		else
			deb-systemd-helper update-state "$unit" >/dev/null || true
		fi
	done
elif [ "$1" = 1 ] && command -v systemctl >/dev/null; then
	# shellcheck disable=SC2086 # one word a unit
	systemctl --no-reload enable $units || true
fi

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
	if systemctl --quiet is-enabled dockwall.service; then
		systemctl restart dockwall.service || true
	else
		systemctl try-restart dockwall.service || true
	fi
fi
