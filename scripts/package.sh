#!/bin/sh
# Makes .deb and .rpm for amd64 and arm64 in a directory (dist, or the argument), with SHA256SUMS and a list of what the
# binaries are made of (CycloneDX). They are made of the last commit, whatever else is in the work tree, and the same commit
# always gives the same bytes: nothing in them says when or where they were made. Times are the commit's, or
# SOURCE_DATE_EPOCH. ARCHS, KINDS and COMMIT make fewer of them, and of another commit.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}"
out=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
VERSION=${VERSION:-$(git describe --tags --always)}
export SOURCE_DATE_EPOCH VERSION
umask 022

# Packages want versions that begin with a number, and in which - separates the package's own revision.
case $VERSION in
v[0-9]*) PACKAGE_VERSION=$(echo "${VERSION#v}" | tr - '~') ;;
*) PACKAGE_VERSION=0.0.0~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$(echo "$VERSION" | tr - .) ;;
esac
export PACKAGE_VERSION

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
git archive "${COMMIT:-HEAD}" | tar -x -C "$work/source"
cd "$work/source"
CGO_ENABLED=0 $GO build -o "$work/sbom" ./cmd/dockwall-sbom
CGO_ENABLED=0 $GO build -trimpath -ldflags "-X main.version=$VERSION" -o "$work/native" ./cmd/dockwall
(cd tools && $GO build -o "$work/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm)
rm -f "$out"/dockwall*.deb "$out"/dockwall*.rpm "$out"/dockwall*.cdx.json "$out/SHA256SUMS"

for ARCH in ${ARCHS:-amd64 arm64}; do
	STAGE=$work/$ARCH
	export ARCH STAGE
	mkdir -p "$STAGE/man"
	CGO_ENABLED=0 GOOS=linux GOARCH=$ARCH $GO build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" \
		-o "$STAGE/dockwall" ./cmd/dockwall
	"$work/sbom" "$VERSION" "$STAGE/dockwall" >"$STAGE/sbom.cdx.json"
	"$work/native" manual "$STAGE/man"
	gzip -9n "$STAGE"/man/*.8
	for shell in bash zsh fish; do
		"$work/native" completion $shell >"$STAGE/completion.$shell"
	done
	cp -R LICENSE CHANGELOG.md docs packaging "$STAGE"
	find "$STAGE" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	sed "s|\${STAGE}|$STAGE|" packaging/nfpm.yaml >"$STAGE/nfpm.yaml" # it fills in variables in some places only
	for kind in ${KINDS:-deb rpm}; do
		"$work/nfpm" package --config "$STAGE/nfpm.yaml" --packager $kind --target "$out/" >"$STAGE/nfpm.log" || { cat "$STAGE/nfpm.log" >&2; exit 1; }
	done
	cp "$STAGE/sbom.cdx.json" "$out/dockwall_$ARCH.cdx.json"
done
(cd "$out" && sha256sum dockwall* >SHA256SUMS)
ls -l "$out"
