package nftables

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
)

// nftElsewhere is where nft is on hosts whose PATH has it for root only.
const nftElsewhere = "/usr/sbin/nft"

// program finds nft.
func (b *Backend) program() (string, error) {
	name := b.options.Nft
	if name == "" {
		name = "nft"
	}
	path, err := exec.LookPath(name)
	if err != nil && b.options.Nft == "" {
		path, err = exec.LookPath(nftElsewhere)
	}
	if err != nil {
		return "", &backend.MissingToolError{Tool: name, Package: "nftables"}
	}
	return path, nil
}

// Works tells whether nft is installed and the kernel has nf_tables. Who may not ask the kernel is told yes: rendering
// needs no more.
func (b *Backend) Works(ctx context.Context) bool {
	if _, err := b.program(); err != nil {
		return false
	}
	c, err := connect(ctx)
	if err == nil {
		defer c.close()
		_, err = c.generation()
	}
	return !errors.Is(err, backend.ErrNoNFTables)
}

// load has nft run a transaction in the network namespace of this thread.
func (b *Backend) load(ctx context.Context, text string) error {
	path, err := b.program()
	if err != nil {
		return err
	}
	ran, err := backend.RunTool(ctx, text, path, "-f", "-")
	var failed *exec.ExitError
	var stopped *backend.StoppedError
	switch {
	case err == nil, errors.As(err, &stopped):
		return err
	case !errors.As(err, &failed):
		return fmt.Errorf("%s could not be run: %w", path, err)
	}
	return refused(ran.Stdout+ran.Stderr, failed, text)
}

// complaint is how nft says what it could not do: file, line and columns, then the reason.
var complaint = regexp.MustCompile(`(?m)^[^\s:]+:(\d+):\d+(?:-\d+)?: Error: (.*)$`)

// refused is what nft or the kernel had against a transaction.
func refused(output string, failed *exec.ExitError, text string) error {
	e := &backend.RefusedError{Tool: "nft", Message: strings.TrimSpace(output)}
	if m := complaint.FindStringSubmatch(output); m != nil {
		e.Message, e.Line = m[2], lineOf(text, m[1])
	}
	if e.Message == "" {
		e.Message = failed.String()
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("changing the kernel's rules needs root (CAP_NET_ADMIN): %w", e)
	}
	return e
}

// lineOf is a line of the text, counted from 1; "" if there is none.
func lineOf(text, number string) string {
	lines := strings.Split(text, "\n")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[n-1])
}
