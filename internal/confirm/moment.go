package confirm

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The bounds of the time to confirm: people need some seconds to open a connection, and who needs more than a day has
// confirmed it by not caring.
const (
	Shortest = 5 * time.Second
	Longest  = 24 * time.Hour
)

// ParseWithin reads how long there is to confirm a change.
func ParseWithin(text string) (time.Duration, error) {
	within, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("--confirm %q is no time: say it with its unit, such as 60s or 5m", text)
	case within <= 0:
		return 0, fmt.Errorf("--confirm %s leaves no time to confirm: say 60s, for example", text)
	case within < Shortest:
		return 0, fmt.Errorf("--confirm %s is too short to open a connection and confirm: the least is %s", text, Shortest)
	case within > Longest:
		return 0, fmt.Errorf("--confirm %s is too long: the most is 24h", text)
	}
	return within, nil
}

// Moment is a point in time that no setting of a clock moves.
type Moment struct {
	Boot  string        // which start of the machine
	Since time.Duration // how long ago that was, with the time that the machine was asleep
}

// Now is the present.
func Now() (Moment, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Moment{}, fmt.Errorf("it cannot be told which start of the machine this is: %w", err)
	}
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return Moment{}, fmt.Errorf("the kernel does not tell how long it runs: %w", err)
	}
	m := Moment{strings.TrimSpace(string(boot)), time.Duration(t.Nano())}
	if m.Boot == "" {
		return m, errors.New("it cannot be told which start of the machine this is: /proc/sys/kernel/random/boot_id is empty")
	}
	return m, nil
}
