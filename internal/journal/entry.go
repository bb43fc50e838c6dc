package journal

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// format is what this version writes, and the newest it reads.
const format = 1

// maxEntry bounds what a file may unpack to: more is no entry.
const maxEntry = 256 << 20

// Header says what an entry is.
type Header struct {
	Format  int       `json:"format"`
	Number  int       `json:"number"`
	Time    time.Time `json:"time"`
	Who     string    `json:"who"`              // "ada (uid 1000, from 192.0.2.7)", "dockwall run"
	Why     string    `json:"why"`              // "apply", "rollback to 12", "container web started"
	Commit  string    `json:"commit,omitempty"` // of the policy's own repository, where it has one
	Backend string    `json:"backend,omitempty"`
	Gate    string    `json:"gate,omitempty"` // the gate's hash; "": nothing is in force from here on (reset)
}

// Entry is one state that was in force: enough to show it, compare it and put it back.
type Entry struct {
	Header
	Policy []policy.Source
	Host   *host.Host // what the policy was compiled for
	Rules  string     // as rendered for the backend: what a boot restores
}

// body is an entry without its header: the second JSON value of a file, so that a list need not unpack it.
type body struct {
	Policy []policy.Source `json:"policy"`
	Host   *host.Host      `json:"host"`
	Rules  string          `json:"rules"`
}

// Empty tells whether the entry says that nothing is in force.
func (h Header) Empty() bool { return h.Gate == "" }

func (e Entry) encode() ([]byte, error) {
	e.Format = format
	var buffer bytes.Buffer
	packed := gzip.NewWriter(&buffer)
	encoder := json.NewEncoder(packed)
	for _, v := range []any{e.Header, body{e.Policy, e.Host, e.Rules}} {
		if err := encoder.Encode(v); err != nil {
			return nil, err
		}
	}
	err := packed.Close()
	return buffer.Bytes(), err
}

// decode reads an entry, or only its header. Reading whole also checks gzip's checksum.
func decode(data []byte, whole bool) (*Entry, error) {
	packed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	limited := io.LimitReader(packed, maxEntry)
	decoder := json.NewDecoder(limited)
	var e Entry
	if err := decoder.Decode(&e.Header); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	if e.Format < 1 || e.Format > format {
		return nil, fmt.Errorf("its format is %d, and this dockwall reads %d", e.Format, format)
	}
	if !whole {
		return &e, nil
	}
	var b body
	if err := decoder.Decode(&b); err != nil {
		return nil, fmt.Errorf("its content: %w", err)
	}
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return nil, fmt.Errorf("its end: %w", err)
	}
	e.Policy, e.Host, e.Rules = b.Policy, b.Host, b.Rules
	return &e, nil
}
