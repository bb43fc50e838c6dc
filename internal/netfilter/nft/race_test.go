//go:build race

package nft

// garbage is how many bytes of it are read: less under the race detector, which makes each of them ten times as slow.
// The Makefile runs these tests without it as well.
const garbage = 10 << 20
