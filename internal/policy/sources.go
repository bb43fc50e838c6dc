package policy

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Source is one file of a policy, or of its sets, with the text it had.
type Source struct {
	Path string `json:"path"`
	Text string `json:"text"`
	Set  bool   `json:"set,omitempty"` // a set's file, not one of the policy
}

// LoadWithSources is Load, and gives the very texts that were read, each file once, in the order of reading.
func LoadWithSources(path string) (*Policy, []Source, Problems) {
	return loadWithSources(path, ReadTrusted)
}

// LoadChangedWithSources is LoadWithSources as if the file at path had that content.
func LoadChangedWithSources(path string, data []byte) (*Policy, []Source, Problems) {
	return loadWithSources(path, func(name string) ([]byte, error) {
		if name == path {
			return data, nil
		}
		return ReadTrusted(name)
	})
}

func loadWithSources(path string, read func(name string) ([]byte, error)) (*Policy, []Source, Problems) {
	var sources []Source
	names, problems := withDropIns(path)
	policy, problems := load(names, func(name string) (io.ReadSeekCloser, error) {
		text, err := read(name)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(sources, func(s Source) bool { return s.Path == name }) {
			sources = append(sources, Source{name, string(text), !slices.Contains(names, name)})
		}
		return inMemory(text), nil
	}, problems)
	return policy, sources, problems
}

// ReadTrusted reads a whole file that only root or the running user may write.
func ReadTrusted(name string) ([]byte, error) {
	f, err := openTrusted(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largestSet+1))
}

// LoadSources is the policy of texts that LoadWithSources gave once, whatever stands in the files now.
func LoadSources(sources []Source) (*Policy, Problems) {
	var names []string
	for _, s := range sources {
		if !s.Set {
			names = append(names, s.Path)
		}
	}
	return load(names, func(name string) (io.ReadSeekCloser, error) {
		for _, s := range sources {
			if s.Path == name {
				return inMemory([]byte(s.Text)), nil
			}
		}
		return nil, fmt.Errorf("%s was not kept: %w", name, fs.ErrNotExist)
	}, nil)
}
