package session

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// proc makes a /proc of lines "PID NAME PARENT SESSION TERMINAL BEGAN [ENVIRONMENT]".
func proc(t *testing.T, lines ...string) Proc {
	t.Helper()
	root := t.TempDir()
	for _, line := range lines {
		f := strings.Fields(line)
		dir := filepath.Join(root, f[0])
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		stat := fmt.Sprintf("%s (%s) S %s 0 %s %s %s%s 0 0\n", f[0], f[1], f[2], f[3], f[4], strings.Repeat("0 ", 14), f[5])
		environment := "HOME=/root\x00" + strings.Join(f[6:], "\x00")
		for name, text := range map[string]string{"stat": stat, "environ": environment} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return Proc{root}
}

func TestOf(t *testing.T) {
	const terminal = 34816 // pts/0
	init := "1 systemd 0 1 0 1"
	for name, test := range map[string]struct {
		lines []string
		pid   int
		want  Login
	}{
		"over ssh, with sudo in between": {[]string{init, "2 sshd 1 2 0 5", "3 sshd 2 3 0 100", "4 sshd 3 3 0 101",
			fmt.Sprintf("5 bash 4 5 %d 102", terminal), fmt.Sprintf("6 sudo 5 5 %d 200", terminal),
			fmt.Sprintf("7 dockwall 6 7 %d 201", terminal+1)}, 7,
			Login{Connection: &Mark{4, 101}, Leaders: []Mark{{7, 201}, {5, 102}}}},
		"the newer name of the server": {[]string{init, "2 sshd 1 2 0 5", "3 sshd-session 2 3 0 100",
			"4 bash 3 4 34816 102"}, 4, Login{Connection: &Mark{3, 100}, Leaders: []Mark{{4, 102}}}},
		"a console": {[]string{init, "2 login 1 2 1025 5", "3 bash 2 2 1025 6"}, 3, Login{Leaders: []Mark{{2, 5}}}},
		"tmux, begun over ssh": {[]string{init, "2 tmux 1 2 0 5 SSH_CONNECTION=a", "3 bash 2 3 34816 6"}, 3,
			Login{Leaders: []Mark{{3, 6}}, Strayed: true}},
		"a variable that ends like that": {[]string{init, "2 bash 1 2 34816 5 MY_SSH_CONNECTION=a"}, 2, Login{Leaders: []Mark{{2, 5}}}},
		"a leader that is gone":          {[]string{init, "3 dockwall 1 2 0 6"}, 3, Login{Leaders: []Mark{{PID: 2}}}},
	} {
		got, err := proc(t, test.lines...).Of(test.pid)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v (connection %v), %v; want %+v", name, got, got.Connection, err, test.want)
		}
	}
}

func TestOfFails(t *testing.T) {
	for name, p := range map[string]Proc{"no process": proc(t), "no parent": proc(t, "2 bash 9 2 0 5")} {
		if _, err := p.Of(2); err == nil || !strings.Contains(err.Error(), "which login this is") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if login, err := Live().Of(os.Getpid()); err != nil || len(login.Leaders) == 0 {
		t.Errorf("this very process: %+v, %v", login, err)
	}
}

func TestParseStat(t *testing.T) {
	line := "42 (a ) (b) S 7 1 9 34817 " + strings.Repeat("0 ", 14) + "12345 0"
	got, err := parseStat(line)
	if want := (Process{Mark{42, 12345}, "a ) (b", 7, 9, 34817}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for _, wrong := range []string{"", "42", "42 (x) S 1", ")(", strings.Replace(line, "12345", "x", 1)} {
		if got, err := parseStat(wrong); err == nil {
			t.Errorf("%q was read: %+v", wrong, got)
		}
	}
}

func TestTerminals(t *testing.T) {
	device := func(major, minor int) string { return strconv.Itoa(major<<8 | minor&0xff | minor&^0xff<<12) }
	p := proc(t, "2 bash 1 2 "+device(136, 3)+" 5", "3 vi 2 2 "+device(136, 3)+" 6", "4 bash 1 4 "+device(136, 300)+" 5",
		"5 bash 1 5 "+device(4, 1)+" 5", "6 bash 1 6 "+device(4, 64)+" 5", "7 cron 1 7 0 5", "8 odd 1 8 "+device(9, 1)+" 5",
		"9 bash 1 9 "+device(136, 3)+" 5", "10 bash 1 10 "+device(137, 1)+" 5")
	got, err := p.Terminals()
	slices.Sort(got)
	if want := []string{"pts/257", "pts/3", "pts/300", "tty1", "ttyS0"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := (Proc{"/nowhere"}).Terminals(); err == nil {
		t.Error("no /proc is no error")
	}
}
