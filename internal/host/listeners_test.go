package host

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadProcNet(t *testing.T) {
	const tcp4 = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0A7100CB:0016 0A7100CB:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
`
	const udp6 = `  sl  local_address                         remote_address                        st
   5: 00000000000000000000000000000000:14E9 00000000000000000000000000000000:0000 07 00000000:00000000
   6: B80D0120000000000000000010000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000
`
	got, err := readProcNet(strings.NewReader(tcp4), TCP, "0A")
	checkListeners(t, got, err, "tcp 127.0.0.1:8080")
	got, err = readProcNet(strings.NewReader(udp6), UDP, "07")
	checkListeners(t, got, err, "udp [::]:5353", "udp [2001:db8::10]:53")
	for _, bad := range []string{"0: 0100:1F90 0 0A", "0: xx:1F90 0 0A", "0: 0100007F:12345 0 0A", "0: 0100007F 0 0A"} {
		if got, err := readProcNet(strings.NewReader(bad), TCP, "0A"); err == nil {
			t.Errorf("%q was read as %v", bad, got)
		}
	}
}

func TestReadSS(t *testing.T) {
	const text = `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port
udp   UNCONN 0      0          0.0.0.0:5353  0.0.0.0:* users:(("docker-proxy",pid=7106,fd=4))
tcp   LISTEN 0      9                *:9999        *:*
tcp   LISTEN 0      4096          [::]:80       [::]:*
tcp   LISTEN 0      4096   fe80::1%lo:80        *:*
`
	got, err := readSS(strings.NewReader(text))
	checkListeners(t, got, err, "tcp [::]:80", "tcp [::]:9999", "udp 0.0.0.0:5353")
}

func checkListeners(t *testing.T, got listeners, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, l := range got {
		words = append(words, l.Protocol.String()+" "+l.Address.String())
	}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
}
