#!/bin/sh
# Looks whether the packages in a directory (dist, or the argument) are what they should be: their checksums, and what is in
# the .deb of this architecture, unpacked in a place of its own. The binary must be static and run.
set -eu
cd "${1:-dist}"
sha256sum --quiet -c SHA256SUMS
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
deb=$(echo dockwall_*_"$(dpkg --print-architecture)".deb)
dpkg-deb -x "$deb" "$root"
dpkg-deb -e "$deb" "$root/DEBIAN"

fail() {
	echo "$deb: $1" >&2
	exit 1
}
for path in usr/bin/dockwall usr/lib/systemd/system/dockwall.service usr/lib/systemd/system/dockwall-restore.service \
	usr/share/man/man8/dockwall.8.gz usr/share/man/man8/dockwall-restore.8.gz \
	usr/share/bash-completion/completions/dockwall usr/share/zsh/vendor-completions/_dockwall \
	usr/share/fish/vendor_completions.d/dockwall.fish etc/dockwall/README usr/share/doc/dockwall/copyright \
	usr/share/doc/dockwall/sbom.cdx.json usr/share/doc/dockwall/examples/prometheus/dockwall.rules.yaml \
	usr/share/doc/dockwall/examples/prometheus/textfile.sh usr/share/doc/dockwall/examples/grafana/dockwall.json; do
	[ -s "$root/$path" ] || fail "there is no /$path"
done
[ -d "$root/etc/dockwall/policy.d" ] || fail "there is no /etc/dockwall/policy.d"
[ -z "$(find "$root/etc/dockwall" -name '*.yaml')" ] || fail "it brings a policy, and would change the host by being installed"
[ -z "$(find "$root" -newermt "$(dpkg-deb --fsys-tarfile "$deb" | tar -tv --full-time --utc | awk 'NR==1{print $4, $5}') UTC" \
	-type f -not -path "$root/DEBIAN/*")" ] || fail "its files are of different times"
for script in postinst prerm postrm; do
	sh -n "$root/DEBIAN/$script" || fail "$script is no shell script"
done
"$root/usr/bin/dockwall" version
! ldd "$root/usr/bin/dockwall" >/dev/null 2>&1 || fail "the binary is not static"
if command -v systemd-analyze >/dev/null; then
	sed "s|/usr/bin/dockwall|$root/usr/bin/dockwall|" "$root/usr/lib/systemd/system/dockwall.service" >"$root/dockwall.service"
	sed "s|/usr/bin/dockwall|$root/usr/bin/dockwall|" "$root/usr/lib/systemd/system/dockwall-restore.service" \
		>"$root/dockwall-restore.service"
	systemd-analyze verify --man=no "$root/dockwall.service" "$root/dockwall-restore.service"
	for unit in dockwall dockwall-restore; do
		systemd-analyze security --offline=true --threshold=21 "$root/$unit.service" >/dev/null || fail "$unit.service is too open"
	done
fi
echo "$deb: all there"
