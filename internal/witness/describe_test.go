package witness

import (
	"encoding/json"
	"fmt"
)

// describe is all one needs to know about a case that failed.
func (f *fixture) describe(c *trial) string {
	h, err := json.MarshalIndent(f.host, "", " ")
	if err != nil {
		h = []byte(err.Error())
	}
	return fmt.Sprintf("conversation: %+v\nopen before: %v\npolicy:\n%s\nhost:\n%s", c.Conversation, c.open, f.text, h)
}
