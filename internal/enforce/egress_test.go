package enforce

import (
	"fmt"
	"testing"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// installedLine is an installed egress line of a sentence.
func installedLine(t *testing.T, sentence string) backend.Line {
	t.Helper()
	r, problems := policy.ParseSentence(policy.Egress, sentence)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return backend.Line{Way: backend.Egress, Action: r.Action, Rule: gate.NewRuleRef(r)}
}

func TestEgress(t *testing.T) {
	p, problems := policy.Parse("policy.yaml", []byte("version: 1\negress:\n  - deny all to 169.254.169.254\n  - allow 443/tcp\n"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	g, err := gate.Compile(p, &host.Host{})
	if err != nil {
		t.Fatal(err)
	}
	other := &backend.Installed{Lines: []backend.Line{
		installedLine(t, "deny 25/tcp"), installedLine(t, "deny all to 169.254.169.254"),
		{Way: backend.Egress, Default: true, Action: policy.Deny}}}
	same := &backend.Installed{Lines: []backend.Line{installedLine(t, "deny all to 169.254.169.254")}}
	for name, test := range map[string]struct {
		plan Plan
		want string
	}{
		"from nothing":         {Plan{}, "{[deny all to 169.254.169.254] [] allow allow} true"},
		"from another policy":  {Plan{Installed: other}, "{[] [deny 25/tcp to any] deny allow} true"},
		"from another backend": {Plan{Obsolete: []Holding{{Installed: other}}}, "{[] [deny 25/tcp to any] deny allow} true"},
		"from the same":        {Plan{Installed: same}, "{[] [] allow allow} false"},
	} {
		test.plan.Prepared = &Prepared{Policy: p, Gate: g}
		got := test.plan.Egress()
		if text := fmt.Sprint(got, got.Changed()); text != test.want {
			t.Errorf("%s: %s, want %s", name, text, test.want)
		}
	}
}
