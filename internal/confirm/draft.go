package confirm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dockwall/dockwall/internal/atomicfile"
)

// Draft is a text of the policy file that is tried before it is written there: a guard that follows the file does not put it
// in force, and where nobody confirms it, the file says what is in force again.
type Draft struct {
	Path string `json:"path"` // of the policy file
	Old  string `json:"old"`  // what the file says; "": there is none
	New  string `json:"new"`
}

// NewDraft is a draft in place of what the policy file says now.
func NewDraft(path string, text []byte) (*Draft, error) {
	path, err := filepath.Abs(path) // who confirms it may be elsewhere
	if err != nil {
		return nil, err
	}
	old, err := readIfThere(path)
	return &Draft{path, old, string(text)}, err
}

// Write writes the draft into the file, if that still says what it said.
func (d *Draft) Write() error {
	now, err := readIfThere(d.Path)
	switch {
	case err != nil || now == d.New:
		return err
	case now != d.Old:
		return fmt.Errorf("%s was changed while another text of it was tried, and that would be written over: make it as it was and "+
			"confirm again, or go back (dockwall rollback)", d.Path)
	}
	return atomicfile.Write(d.Path, []byte(d.New), atomicfile.Keep)
}

func readIfThere(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}
