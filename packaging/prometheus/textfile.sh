#!/bin/sh
# Puts dockwall's metrics where node_exporter's textfile collector finds them: textfile.sh DIRECTORY [SOCKET]. Only dockwall's
# own: node_exporter has those of the Go runtime for itself. The file is replaced as a whole or not at all; one that is no
# longer renewed has an old node_textfile_mtime_seconds.
set -eu
directory=$1
socket=${2:-/run/dockwall/metrics.sock}
work=$(mktemp -d "$directory/.dockwall.XXXXXX")
trap 'rm -rf "$work"' EXIT
curl --fail --silent --show-error --unix-socket "$socket" --output "$work/all" http://dockwall/metrics
grep -E '^(# (HELP|TYPE) )?dockwall_' "$work/all" >"$work/prom"
chmod 0644 "$work/prom"
mv "$work/prom" "$directory/dockwall.prom"
