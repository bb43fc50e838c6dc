package enforce

import (
	"os"
	"runtime/debug"
)

// memoryLimit is what the heap should stay below: with the program itself, less than 50 MB for ten thousand rules. The
// collector works harder near it; a policy that needs more still gets it, and takes longer.
const memoryLimit = 36 << 20

// LimitMemory keeps the process small, unless the environment says how large it may be.
func LimitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
