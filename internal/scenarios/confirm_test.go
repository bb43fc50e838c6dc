package scenarios

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// quietly puts a wall before the real one that tells nobody: the machine's people have nothing to do with scenarios.
func quietly(directory string) error {
	if err := os.WriteFile(filepath.Join(directory, "wall"), []byte("#!/bin/sh\nexec cat >/dev/null\n"), 0o755); err != nil {
		return err
	}
	return os.Setenv("PATH", directory+":"+os.Getenv("PATH"))
}

// A change opens a port and is not confirmed; the dockwall that made it is killed. A client from the internet sees the
// port open, and refused again when the time is over. How long that took is printed.
func TestUnconfirmedChangeGoesBack(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		s.web("web", "8080:80")
		s.apply(closedPolicy)
		s.must(os.WriteFile(s.policy, []byte("version: 1\ningress: [allow 8080/tcp from any]\n"), 0o600))
		ctx, kill := context.WithCancel(s.Context())
		ended := make(chan error)
		begun := time.Now()
		go func() {
			_, err := s.bed.Dockwall(ctx, lab.dockwall, "apply", "--yes", "--confirm", "10s", "--policy", s.policy, "--backend", s.backend)
			ended <- err
		}()
		s.soon("on probation", open("web", tcp(s.bed.Internet, "203.0.113.10:8080"))[0])
		kill()
		<-ended // that it was killed, or done, is the same here
		s.soon("not confirmed", refused(tcp(s.bed.Internet, "203.0.113.10:8080"))[0])
		s.Logf("open until %d ms after the command began", time.Since(begun).Milliseconds())
		s.expect("not confirmed", refused(s.both(s.bed.Internet, "8080/tcp")...))
	})
}
