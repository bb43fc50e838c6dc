package main

import (
	"fmt"
	"os"
	"os/user"
	"strings"

	"github.com/dockwall/dockwall/internal/wording"
)

// who is who runs the command, for the history: the user behind sudo, and from where, as far as the environment says.
func who() string {
	name := os.Getenv("SUDO_USER")
	if name == "" {
		name = fmt.Sprintf("uid %d", os.Getuid())
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	client, _, _ := strings.Cut(os.Getenv("SSH_CONNECTION"), " ")
	if client != "" {
		name += " from " + client
	}
	return wording.Printable(name)
}
