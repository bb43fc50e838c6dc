//go:build !race

package nft

// garbage is how many bytes of it are read.
const garbage = 100 << 20
