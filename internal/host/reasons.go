package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
)

// errNotDocker: something answers, in HTTP even, but without an API version.
var errNotDocker = errors.New("what answers there is not a Docker engine")

// oldEngineError is an engine from before the oldest API that dockwall speaks.
type oldEngineError struct{ api string }

func (e *oldEngineError) Error() string {
	return fmt.Sprintf("it speaks Engine API %s, and dockwall needs %s or later: Docker 20.10 or newer", e.api, minimumAPI)
}

// schemeError is an address that leads to no engine of this host.
type schemeError struct{ dockerHost string }

func (e *schemeError) Error() string {
	return fmt.Sprintf("dockwall runs on the Docker host itself and reaches its engine by unix:// or tcp://; "+
		"set DOCKER_HOST or --docker-host to such an address instead of %q", e.dockerHost)
}

// dialEngine connects once and hangs up, for the plain reason why it is not possible, which the client hides.
func dialEngine(ctx context.Context, dockerHost string) error {
	scheme, address, ok := strings.Cut(dockerHost, "://")
	if !ok || address == "" || scheme != "unix" && scheme != "tcp" {
		return &schemeError{dockerHost}
	}
	if scheme == "tcp" {
		address, _, _ = strings.Cut(address, "/")
	}
	conn, err := new(net.Dialer).DialContext(ctx, scheme, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// noEngine turns what went wrong into a sentence for whoever must act.
func noEngine(dockerHost string, err error) *NoEngineError {
	e := &NoEngineError{DockerHost: dockerHost, Err: err}
	switch {
	case errors.Is(err, context.Canceled):
		e.Reason = "it was not waited for"
	case isTimeout(err):
		e.Reason = "it did not answer in time; look at what holds it up (systemctl status docker), and try again"
	case errors.Is(err, fs.ErrNotExist):
		e.Reason = "there is no such socket; start Docker (systemctl start docker), or say where it is with --docker-host"
	case errors.Is(err, fs.ErrPermission):
		e.Reason = "permission denied; run dockwall as root or as a member of the socket's group"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Reason = "nobody listens there; start Docker (systemctl start docker), or say where it is with --docker-host"
	case errors.Is(err, errNotDocker), strings.Contains(err.Error(), "malformed HTTP"):
		e.Reason = "what answers there is not a Docker engine; say where the engine is with --docker-host"
	default:
		e.Reason = err.Error()
	}
	return e
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
