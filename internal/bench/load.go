package bench

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/ipv4"
)

// packetRate floods the published port with small UDP packets of one conversation for a while and gives how many a
// second reached the container.
func (w *world) packetRate(ctx context.Context, length time.Duration) (float64, error) {
	var conn *net.UDPConn
	if err := w.client.Do(func() (err error) {
		conn, err = net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.ParseIP(hostAddress), Port: port})
		return err
	}); err != nil {
		return 0, err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	var sender sync.WaitGroup
	sender.Go(func() { flood(ctx, conn) })
	defer sender.Wait()
	defer cancel()
	time.Sleep(length / 5) // the conversation is established and the caches are warm
	begin, started, err := w.arrived()
	if err != nil {
		return 0, err
	}
	time.Sleep(length)
	end, ended, err := w.arrived()
	return float64(end-begin) / ended.Sub(started).Seconds(), err
}

// flood sends until the context ends. Refused and full queues are no errors: what arrives is what counts.
func flood(ctx context.Context, conn *net.UDPConn) {
	batch := make([]ipv4.Message, 64)
	for i := range batch {
		batch[i].Buffers = [][]byte{make([]byte, 18)}
	}
	packets := ipv4.NewPacketConn(conn)
	for ctx.Err() == nil {
		packets.WriteBatch(batch, 0)
	}
}

// arrived is how many packets the container's interface has taken so far.
func (w *world) arrived() (packets uint64, at time.Time, err error) {
	err = w.container.Do(func() error {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		packets, at = link.Attrs().Statistics.RxPackets, time.Now()
		return nil
	})
	return packets, at, err
}

// connectionRate dials the published port as often as it can, from a few callers at once, and gives how many
// connections a second came about. Each is ended by a reset, so that none stays behind.
func (w *world) connectionRate(ctx context.Context, length time.Duration) (float64, error) {
	listener, err := w.listen()
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var made atomic.Int64
	var callers sync.WaitGroup
	start := time.Now()
	for range 4 {
		callers.Go(func() { w.client.Do(func() error { return dialUntil(ctx, &made) }) })
	}
	callers.Wait()
	if made.Load() == 0 {
		return 0, fmt.Errorf("no connection to %s:%d came about", hostAddress, port)
	}
	return float64(made.Load()) / time.Since(start).Seconds(), nil
}

func (w *world) listen() (listener *net.TCPListener, err error) {
	err = w.container.Do(func() (err error) {
		listener, err = net.ListenTCP("tcp4", &net.TCPAddr{Port: port})
		return err
	})
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := listener.AcceptTCP()
			if err != nil {
				return // closed: the measurement is over
			}
			conn.Close()
		}
	}()
	return listener, nil
}

func dialUntil(ctx context.Context, made *atomic.Int64) error {
	for ctx.Err() == nil {
		conn, err := net.DialTCP("tcp4", nil, &net.TCPAddr{IP: net.ParseIP(hostAddress), Port: port})
		if err != nil {
			continue
		}
		made.Add(1)
		conn.SetLinger(0)
		conn.Close()
	}
	return nil
}
