#!/bin/sh
# Runs every fuzz target of the module for a while each: scripts/fuzz.sh 10s
set -eu

grep -rho --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' internal cmd | sed 's/^func //' | sort -u | while read -r target; do
	grep -rl --include='*_test.go' "^func $target(" internal cmd | xargs -n1 dirname | sort -u | while read -r dir; do
		echo "== $dir $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 1x "./$dir"
	done
done
