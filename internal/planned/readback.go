package planned

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/nft"
)

// readBack loads a text into a network namespace that ends with the program, and reads it. Who is not root is root in a
// user namespace of its own, where the kernel lets everybody make one.
func readBack(ctx context.Context, text string) ([]*netfilter.Table, error) {
	if _, err := exec.LookPath("nft"); err != nil {
		return nil, &backend.MissingToolError{Tool: "nft", Package: "nftables"}
	}
	c := exec.CommandContext(ctx, "sh", "-c", "nft -f /dev/stdin && exec nft -j list ruleset")
	c.Stdin = strings.NewReader(text)
	var printed, said bytes.Buffer
	c.Stdout, c.Stderr = &printed, &said
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := c.Run(); err != nil {
		return nil, failure(err, said.String())
	}
	tables, unread := nft.Parse(printed.Bytes())
	if len(unread) > 0 {
		return nil, fmt.Errorf("not all of them was understood: %s", strings.Join(unread, "; "))
	}
	return tables, nil
}

func failure(err error, said string) error {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return fmt.Errorf("nft did not take them in a throwaway network namespace: %s", strings.TrimSpace(said))
	}
	return fmt.Errorf("a throwaway network namespace cannot be made (this may need root): %w", err)
}
