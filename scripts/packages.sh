#!/bin/sh
# Installs the Debian packages that tests, demo and benchmarks need, those that are missing. Without root it says what
# will be skipped. It starts no service: the engines run from roots of their own.
set -eu

missing=""
need() { # program package
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

PATH="$PATH:/usr/sbin:/sbin"
need nft nftables
need iptables-nft-restore iptables
need ipset ipset
need ip iproute2
need nsenter util-linux
need curl curl
need debootstrap debootstrap
need gcc gcc
[ -e /usr/include/stdlib.h ] || missing="$missing libc6-dev"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "not root: the kernel and engine tests will be skipped (missing packages:$missing)" >&2
	exit 0
fi
echo "installing:$missing" >&2
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
