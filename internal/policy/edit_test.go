package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// Each case: a verb with its section and sentence, the file before, and the file after or the error.
const edits = `
-- add ingress allow 80/tcp --
version: 1
ingress:
  - allow 22/tcp   # remark

  # about the next
  - allow 23/tcp

# the end
-- = --
version: 1
ingress:
  - allow 22/tcp   # remark

  # about the next
  - allow 23/tcp
  - allow 80/tcp from any

# the end
-- add ingress allow 80/tcp from office --
version: 1
ingress:
-    'allow 22/tcp'
-    allow 23/tcp
sets: {office: [10.0.0.0/8]}
-- = --
version: 1
ingress:
-    'allow 22/tcp'
-    allow 23/tcp
-    allow 80/tcp from office
sets: {office: [10.0.0.0/8]}
-- add egress deny all to fe80:: --
version: 1
ingress: [allow 22/tcp]
-- = --
version: 1
ingress: [allow 22/tcp]

egress:
  - "deny all to fe80::"
-- add ingress allow 80/tcp --
version: 1
ingress:   # nothing yet
  # - allow 22/tcp
egress: []
-- = --
version: 1
ingress:   # nothing yet
  - allow 80/tcp from any
  # - allow 22/tcp
egress: []
-- add egress deny 25/tcp --
version: 1
egress: []   # nothing yet
ingress: []
-- = --
version: 1
egress:   # nothing yet
  - deny 25/tcp to any
ingress: []
-- add ingress allow 80/tcp --
version: 1
ingress:
  -
    allow 22/tcp
-- = --
version: 1
ingress:
  -
    allow 22/tcp
  - allow 80/tcp from any
-- add ingress allow 443,80/tcp from vpn,office --
version: 1
ingress:
  - allow 80/tcp  443/tcp   from office, vpn to any
sets: {office: [], vpn: []}
-- = --
error: "allow 80,443/tcp from office,vpn" stands in ingress already, in line 3
-- add ingress allow 80/tcp --
version: 1
ingress: [allow 22/tcp]
-- = --
error: ingress is a list in brackets, in line 2: write its sentences on lines of their own, each with a dash before it
-- add ingress allow 80 --
version: 1
-- = --
error: sentence:1:7: the protocol of port 80 is missing; write 80/tcp or 80/udp
-- add ingress allow 80/tcp --
version: 1
ingress:
  - alow 22/tcp
-- = --
error: the policy file has errors and was not changed:
policy file:3:5: "alow" is neither allow nor deny; did you mean "allow"?
-- add ingress allow 80/tcp --
version: 1
...
-- = --
error: the policy file is written in a way that cannot be edited line by line: change ingress by hand
-- add ingress allow 80/tcp --
{version: 1}
-- = --
error: the policy file is written in a way that cannot be edited line by line: change ingress by hand
-- add ingress allow 80/tcp --
version: 1
ingress: ~
-- = --
error: the policy file is written in a way that cannot be edited line by line: change ingress by hand
-- remove ingress allow 80/tcp --
version: 1
ingress:
  # about 80
  - allow  80/tcp from any to any   # remark
  # about 81
  - allow 81/tcp
-- = --
version: 1
ingress:
  # about 80
  # about 81
  - allow 81/tcp
-- remove ingress allow 443,80/tcp to b,a --
version: 1
ingress:
  - "allow 80/tcp 443/tcp from any to a, b"
-- = --
version: 1
ingress:
-- remove ingress allow 80/tcp --
version: 1
ingress:
  - allow 80/tcp
  - allow 81/tcp
  -
    # between

    allow 80/tcp from any
egress:
  - allow 80/tcp
-- = --
version: 1
ingress:
  - allow 81/tcp
egress:
  - allow 80/tcp
-- remove ingress allow 8123/tcp --
version: 1
ingress:
  - allow 22/tcp
  - allow 8132/tcp
-- = --
error: "allow 8123/tcp from any" does not stand in ingress; did you mean "allow 8132/tcp from any", in line 4?
-- remove ingress allow 8123/tcp --
version: 1
-- = --
error: "allow 8123/tcp from any" does not stand in ingress
-- remove ingress allow all --
version: 1
egress:
  - allow all
-- = --
error: "allow all to any" stands in egress, in line 3, not in ingress
-- remove ingress allow 80/tcp --
version: 1
ingress: [allow 80/tcp, allow 81/tcp]
-- = --
error: ingress is a list in brackets, in line 2: write its sentences on lines of their own, each with a dash before it
-- remove ingress allow --
version: 1
-- = --
error: sentence:1:6: the ports are missing; ports are written 80/tcp, 80,443/tcp, 9100-9102/udp, tcp, icmp or all
`

func TestEdit(t *testing.T) {
	files := txtar.Parse([]byte(edits)).Files
	for i := 0; i < len(files); i += 2 {
		command, before, want := files[i].Name, files[i].Data, string(files[i+1].Data)
		words := strings.SplitN(command, " ", 3)
		section := map[string]Section{"ingress": Ingress, "egress": Egress}[words[1]]
		change := map[string]func([]byte, Section, string) ([]byte, error){"add": AddRule, "remove": RemoveRule}[words[0]]
		after, err := change(before, section, words[2])
		got := string(after)
		if err != nil {
			got = "error: " + err.Error() + "\n"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s(-want +got):\n%s", command, before, diff)
		}
	}
}

// A file without a line end at its end gets one; one with several keeps its text.
func TestEditLastLine(t *testing.T) {
	got, err := AddRule([]byte("version: 1\ningress:\n  - allow 22/tcp"), Ingress, "allow 80/tcp")
	if want := "version: 1\ningress:\n  - allow 22/tcp\n  - allow 80/tcp from any\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}
