package witness

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
)

// describe is all one needs to know about a case that failed.
func (f *fixture) describe(c *trial) string {
	h, err := json.MarshalIndent(f.host, "", " ")
	if err != nil {
		h = []byte(err.Error())
	}
	rules, err := f.realm.Host.Run(context.Background(), "", "nft", "list", "ruleset")
	if err != nil {
		rules = err.Error()
	}
	var conntrack []byte
	if err := f.realm.Host.Do(func() (err error) {
		conntrack, err = os.ReadFile("/proc/thread-self/net/nf_conntrack")
		return err
	}); err != nil {
		conntrack = []byte(err.Error())
	}
	return fmt.Sprintf("conversation %d: %+v\nopen before: %v\n%s:\n%s\nhost:\n%s\nrules:\n%s\nconntrack:\n%s",
		c.number, c.Conversation, c.open, f.name, f.text, h, rules, conntrack)
}
