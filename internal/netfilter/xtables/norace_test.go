//go:build !race

package xtables

// garbage is how many bytes of it are read.
const garbage = 100 << 20
