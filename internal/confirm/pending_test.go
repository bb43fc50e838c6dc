package confirm

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/journal"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/session"
)

var armed = Moment{"boot", 100 * time.Second}

// after is a moment of the same boot, that long after the arming.
func after(d time.Duration) Moment { return Moment{"boot", armed.Since + d} }

// The kernel's time decides, and no clock.
func TestDue(t *testing.T) {
	p := New(armed, time.Minute, session.Login{}, "root")
	p.Until = time.Time{} // a clock that was set
	for _, test := range []struct {
		now  Moment
		due  bool
		left time.Duration
	}{
		{armed, false, time.Minute},
		{after(59 * time.Second), false, time.Second},
		{after(time.Minute), true, 0},
		{after(time.Hour), true, 0},
		{Moment{"another", time.Second}, true, 0},
	} {
		if p.Due(test.now) != test.due || p.Left(test.now) != test.left {
			t.Errorf("%+v: due %v, %s left; want %v, %s", test.now, p.Due(test.now), p.Left(test.now), test.due, test.left)
		}
	}
}

func TestParseWithin(t *testing.T) {
	for text, want := range map[string]time.Duration{"60s": time.Minute, "5s": 5 * time.Second, "1h30m": 90 * time.Minute, "24h": 24 * time.Hour} {
		if got, err := ParseWithin(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"": "is no time", "60": "is no time", "soon": "is no time", "5 m": "is no time", "0": "leaves no time", "0s": "leaves no time",
		"-5m": "leaves no time", "4.999s": "too short", "1ms": "too short", "24h1s": "too long", "9999999h": "is no time",
	} {
		if got, err := ParseWithin(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestAccepts(t *testing.T) {
	shell, terminal := session.Mark{PID: 7, Began: 500}, session.Mark{PID: 3, Began: 400}
	p := New(armed, time.Minute, session.Login{Connection: &session.Mark{PID: 6, Began: 499},
		Leaders: []session.Mark{shell, terminal}}, "root")
	connection := func(began int64) session.Login { return session.Login{Connection: &session.Mark{PID: 9, Began: began}} }
	for name, test := range map[string]struct {
		from session.Login
		now  Moment
		want string // in the error; "": accepted
	}{
		"the same connection":         {p.Login, after(time.Second), "this connection was there before"},
		"an older one":                {connection(10), after(time.Second), "this connection was there before"},
		"in the very tick":            {connection(10000), after(time.Second), "this connection was there before"},
		"a newer one":                 {connection(10001), after(time.Second), ""},
		"a newer one, too late":       {connection(10001), after(time.Minute), "the time for that ended"},
		"a newer one, after a boot":   {connection(10001), Moment{"another", armed.Since}, "the machine was restarted"},
		"the same shell at a console": {session.Login{Leaders: []session.Mark{shell}}, after(time.Second), "this is the login from which"},
		"a session below the same":    {session.Login{Leaders: []session.Mark{{PID: 20, Began: 10100}, terminal}}, after(1), "this is the login from which"},
		"another login at a console":  {session.Login{Leaders: []session.Mark{{PID: 8, Began: 450}}}, after(time.Second), ""},
		"the number, given again":     {session.Login{Leaders: []session.Mark{{PID: 7, Began: 10001}}}, after(time.Second), ""},
		"a shell of tmux":             {session.Login{Strayed: true}, after(time.Second), "tmux and screen"},
	} {
		err := p.Accepts(test.from, test.now)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestStore(t *testing.T) {
	s := Store{t.TempDir()}
	if p, err := s.Load(); p != nil || err != nil {
		t.Errorf("nothing pending: %+v, %v", p, err)
	}
	p := New(armed, time.Minute, session.Login{Leaders: []session.Mark{{PID: 1, Began: 2}}}, "root")
	p.Entry = &journal.Entry{Header: journal.Header{Number: 3, Backend: "nftables", Gate: "x"}, Rules: "rules\n",
		Policy: []policy.Source{{Path: "p", Text: "version: 1\n"}}}
	p.At, p.Until = p.At.UTC(), p.Until.UTC()
	if err := s.Save(p); err != nil {
		t.Fatal(err)
	}
	got, err := s.Load()
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v; want %+v", got, err, p)
	}
	for range 2 { // what is gone already is no error
		if err := s.Drop(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Refuse(Refused{Policy: "x"}); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Refused(); err != nil || r.Policy != "x" {
		t.Errorf("%+v, %v", r, err)
	}
	if err := s.Forgive(); err != nil {
		t.Error(err)
	}
	if r, err := s.Refused(); r != nil || err != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestStoreDamaged(t *testing.T) {
	s := Store{t.TempDir()}
	if err := os.WriteFile(filepath.Join(s.Dir, "confirm.json"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(); err == nil || !strings.Contains(err.Error(), "confirm.json is damaged") {
		t.Errorf("torn: %v", err)
	}
	if err := (Store{"/nowhere"}).Save(New(armed, time.Minute, session.Login{}, "")); err == nil {
		t.Error("nowhere to write is no error")
	}
}

// A policy is known by its texts, wherever its files are.
func TestHash(t *testing.T) {
	a := []policy.Source{{Path: "/etc/dockwall/policy.yaml", Text: "a"}}
	same := []policy.Source{{Path: "policy.yaml", Text: "a"}}
	if Hash(a) != Hash(same) {
		t.Error("another directory makes another hash")
	}
	for _, other := range [][]policy.Source{nil, {{Path: "policy.yaml", Text: "b"}}, {{Path: "more.yaml", Text: "a"}}, append(same, same...)} {
		if Hash(a) == Hash(other) {
			t.Errorf("%v has the same hash", other)
		}
	}
}

func TestNow(t *testing.T) {
	first, err := Now()
	if err != nil || first.Boot == "" || first.Since <= 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	if second, err := Now(); err != nil || second.Boot != first.Boot || second.Since < first.Since {
		t.Errorf("%+v, then %+v, %v", first, second, err)
	}
}
