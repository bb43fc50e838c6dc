// Package netlab makes network namespaces with links between them, for tests and benchmarks.
//
// A namespace has no name and no process: it is held by one file descriptor of this process, so that a crash leaves
// nothing behind. Work is done inside it on an operating-system thread of its own, which is destroyed afterwards and
// never reused: a thread that has been elsewhere is not given back to the scheduler.
package netlab

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Need skips a test that needs root, or fails it where CI=true: there a skipped kernel test is a failure.
func Need(t testing.TB) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	const why = "this test makes network namespaces and needs root"
	if os.Getenv("CI") == "true" {
		t.Fatal(why + ", and CI=true")
	}
	t.Skip(why + ": skipped")
}

// Namespace is one network namespace.
type Namespace struct {
	handle netns.NsHandle
	links  *netlink.Handle
}

// New makes an empty namespace with its loopback up. Close gives it back.
func New() (*Namespace, error) {
	made := make(chan error, 1)
	n := &Namespace{}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		handle, err := netns.New()
		if err == nil {
			n.handle = handle
			n.links, err = netlink.NewHandleAt(handle)
		}
		made <- err
	}()
	if err := <-made; err != nil {
		return nil, fmt.Errorf("making a network namespace: %w", err)
	}
	return n, n.Up("lo")
}

// Close gives the namespace and everything in it back to the kernel.
func (n *Namespace) Close() error {
	n.links.Close()
	return n.handle.Close()
}

// Path is where other processes of this machine find the namespace, as long as this one lives.
func (n *Namespace) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(n.handle)) }

// Do calls f on a thread inside the namespace. Sockets that f makes stay in the namespace wherever they are used.
func (n *Namespace) Do(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked, see New
		if err := n.Enter(); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// Enter takes the calling goroutine's thread into the namespace. It must be locked to it, and is never to be unlocked.
func (n *Namespace) Enter() error {
	if err := netns.Set(n.handle); err != nil {
		return fmt.Errorf("entering the network namespace: %w", err)
	}
	return nil
}

// Run runs a program inside the namespace with input as its standard input, and gives what it printed.
func (n *Namespace) Run(ctx context.Context, input string, name string, args ...string) (string, error) {
	var output []byte
	err := n.Do(func() error {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Stdin = strings.NewReader(input)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		var err error
		if output, err = cmd.Output(); err != nil {
			return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
		}
		return nil
	})
	return string(output), err
}

// Up sets an interface up.
func (n *Namespace) Up(name string) error {
	link, err := n.links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	return n.links.LinkSetUp(link)
}

// Bridge makes a bridge, up, with the addresses.
func (n *Namespace) Bridge(name string, addresses ...string) error {
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}}
	if err := n.links.LinkAdd(bridge); err != nil {
		return fmt.Errorf("making bridge %s: %w", name, err)
	}
	if err := n.Address(name, addresses...); err != nil {
		return err
	}
	return n.Up(name)
}

// Enslave makes an interface a port of a bridge.
func (n *Namespace) Enslave(name, bridge string) error {
	link, err := n.links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	master, err := n.links.LinkByName(bridge)
	if err != nil {
		return fmt.Errorf("bridge %s: %w", bridge, err)
	}
	return n.links.LinkSetMaster(link, master)
}

// Address gives an interface addresses with their prefix lengths. IPv6 addresses are usable at once (no duplicate
// address detection).
func (n *Namespace) Address(name string, addresses ...string) error {
	link, err := n.links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	for _, text := range addresses {
		address, err := netlink.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("address %q: %w", text, err)
		}
		if address.IP.To4() == nil {
			address.Flags |= 0x02 // IFA_F_NODAD
		}
		if err := n.links.AddrAdd(link, address); err != nil {
			return fmt.Errorf("adding %s to %s: %w", text, name, err)
		}
	}
	return nil
}

// Route sends a destination to a gateway; "default" words both families' default routes as 0.0.0.0/0 and ::/0.
func (n *Namespace) Route(destination netip.Prefix, gateway netip.Addr) error {
	route := &netlink.Route{Dst: ipNet(destination), Gw: gateway.AsSlice()}
	if err := n.links.RouteAdd(route); err != nil {
		return fmt.Errorf("route to %s by %s: %w", destination, gateway, err)
	}
	return nil
}

// Sysctl writes a value below /proc/sys/net of the namespace: "ipv4/ip_forward".
func (n *Namespace) Sysctl(path, value string) error {
	return n.Do(func() error { return os.WriteFile("/proc/sys/net/"+path, []byte(value), 0o644) })
}

// Connect joins two namespaces by a veth pair whose ends are up.
func Connect(a *Namespace, nameA string, b *Namespace, nameB string) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = nameA
	attributes.Namespace = netlink.NsFd(int(a.handle))
	pair := &netlink.Veth{LinkAttrs: attributes, PeerName: nameB, PeerNamespace: netlink.NsFd(int(b.handle))}
	if err := a.links.LinkAdd(pair); err != nil {
		return fmt.Errorf("connecting %s and %s: %w", nameA, nameB, err)
	}
	if err := a.Up(nameA); err != nil {
		return err
	}
	return b.Up(nameB)
}
