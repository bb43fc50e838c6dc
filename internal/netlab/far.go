package netlab

import (
	"fmt"
	"net"
	"runtime"

	"golang.org/x/sys/unix"
)

// Far is the far end of a link: what is sent there arrives on the near namespace's interface, as if a neighbour had
// sent it. Close gives its socket back.
type Far struct {
	socket int
	index  int              // of the far interface
	to     net.HardwareAddr // of the near interface
}

// FarEnd is the end, in a namespace, of a link that leads to an interface of the near namespace. (Where the link's near
// end is a port of a bridge, the interface is the bridge.)
func FarEnd(near *Namespace, name string, space *Namespace, end string) (*Far, error) {
	interfaceOfHost, err := near.links.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	link, err := space.links.LinkByName(end)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", end, err)
	}
	f := &Far{index: link.Attrs().Index, to: interfaceOfHost.Attrs().HardwareAddr}
	err = space.Do(func() (err error) {
		f.socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	return f, nil
}

// Close closes the socket.
func (f *Far) Close() error { return unix.Close(f.socket) }

// Send puts packets, from their IP header on, on the link to the near interface's own address.
func (f *Far) Send(packets ...[]byte) error {
	for _, packet := range packets {
		if err := f.SendTo(f.to, packet); err != nil {
			return err
		}
	}
	return nil
}

// SendTo puts one packet on the link to an address of the link: a group's, everybody's, or somebody else's.
func (f *Far) SendTo(to net.HardwareAddr, packet []byte) error {
	address := unix.SockaddrLinklayer{Ifindex: f.index, Halen: uint8(len(to)), Protocol: bigEndian(unix.ETH_P_IP)}
	if packet[0]>>4 == 6 {
		address.Protocol = bigEndian(unix.ETH_P_IPV6)
	}
	copy(address.Addr[:], to)
	if err := unix.Sendto(f.socket, packet, 0, &address); err != nil {
		return fmt.Errorf("sending %x: %w", packet, err)
	}
	return nil
}

func bigEndian(v uint16) uint16 { return v<<8 | v>>8 }

// OnOneProcessor calls f on a thread that keeps to one processor, the nth of those allowed: what is sent there is worked
// on by the kernel in the order it is sent, link by link.
func OnOneProcessor(n int, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := keepTo(n); err != nil {
			done <- fmt.Errorf("keeping to one processor: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

func keepTo(n int) error {
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return err
	}
	n %= allowed.Count()
	for cpu := 0; ; cpu++ {
		if !allowed.IsSet(cpu) {
			continue
		}
		if n == 0 {
			one.Set(cpu)
			return unix.SchedSetaffinity(0, &one)
		}
		n--
	}
}
