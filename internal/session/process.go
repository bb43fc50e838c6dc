package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Proc is a directory such as /proc.
type Proc struct{ Root string }

// Live is that of the running kernel.
func Live() Proc { return Proc{"/proc"} }

// Process is what /proc/PID/stat says, as far as it matters.
type Process struct {
	Mark
	Name     string
	Parent   int
	Session  int
	Terminal int // the device's number; 0: it has none
}

// Process reads about one process.
func (p Proc) Process(pid int) (Process, error) {
	path := filepath.Join(p.Root, strconv.Itoa(pid), "stat")
	data, err := os.ReadFile(path)
	if err != nil {
		return Process{}, err
	}
	process, err := parseStat(string(data))
	if err != nil {
		return Process{}, fmt.Errorf("%s: %w", path, err)
	}
	return process, nil
}

// parseStat reads a line such as "42 (a (very) odd name) S 1 42 42 34816 ...". The name is all between the first and the
// last parenthesis, whatever is in it.
func parseStat(line string) (Process, error) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return Process{}, errors.New("it has no name in parentheses")
	}
	fields := strings.Fields(line[end+1:])
	const parent, session, terminal, began = 1, 3, 4, 19 // after the name
	if len(fields) <= began {
		return Process{}, fmt.Errorf("it has %d fields behind the name, and should have more than %d", len(fields), began)
	}
	var numbers [5]int64
	for i, text := range []string{strings.TrimSpace(line[:open]), fields[parent], fields[session], fields[terminal], fields[began]} {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return Process{}, err
		}
		numbers[i] = n
	}
	return Process{Mark{int(numbers[0]), numbers[4]}, line[open+1 : end], int(numbers[1]), int(numbers[2]), int(numbers[3])}, nil
}

// Terminals are the names under /dev of the terminals at which sessions are, each once.
func (p Proc) Terminals() ([]string, error) {
	entries, err := os.ReadDir(p.Root)
	if err != nil {
		return nil, fmt.Errorf("who is logged in cannot be looked up: %w", err)
	}
	var names []string
	seen := map[string]bool{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		process, err := p.Process(pid)
		if err != nil || process.Session != process.PID { // ended meanwhile, or led by another one
			continue
		}
		if name := terminalName(process.Terminal); name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names, nil
}

// terminalName is the name under /dev of a device's number: "pts/3", "tty1", "ttyS0"; "" for all others.
func terminalName(device int) string {
	major, minor := device>>8&0xfff, device&0xff|device>>12&0xfff00
	switch {
	case major >= 136 && major <= 143:
		return fmt.Sprintf("pts/%d", (major-136)<<8+minor)
	case major == 4 && minor >= 64:
		return fmt.Sprintf("ttyS%d", minor-64)
	case major == 4 && minor > 0:
		return fmt.Sprintf("tty%d", minor)
	}
	return ""
}
