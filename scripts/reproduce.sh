#!/bin/sh
# Makes the packages twice, in different directories, from two clones of the last commit, and compares their bytes.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for n in 1 2; do
	git clone -q . "$work/clone$n"
	"$work/clone$n/scripts/package.sh" "$work/out$n" >/dev/null
done
diff "$work/out1/SHA256SUMS" "$work/out2/SHA256SUMS"
cat "$work/out1/SHA256SUMS"
