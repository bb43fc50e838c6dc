package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
)

// DropIns is the directory beside the policy file whose *.yaml belong to the policy.
const DropIns = "policy.d"

// Load reads the policy file at path and every *.yaml in the policy.d beside it, in the order of their names. Files of
// sets are found from the directory of the file that names them. Every file must belong to root or to the running user,
// and nobody else may be allowed to write it. The policy is nil where there are errors; all errors are reported.
func Load(path string) (*Policy, Problems) {
	names, problems := withDropIns(path)
	return load(names, trustedFiles, problems)
}

// LoadChanged is Load as if the file at path had that content. It tells before writing what a change would make.
func LoadChanged(path string, data []byte) (*Policy, Problems) {
	names, problems := withDropIns(path)
	return load(names, func(name string) (io.ReadSeekCloser, error) {
		if name == path {
			return inMemory(data), nil
		}
		return trustedFiles(name)
	}, problems)
}

// LoadFiles is Load of exactly these files.
func LoadFiles(paths []string) (*Policy, Problems) { return load(paths, trustedFiles, nil) }

// Parse reads one policy file from memory. It looks at no other file: sets that have a file of their own are errors.
func Parse(name string, data []byte) (*Policy, Problems) {
	f := readFile(name, data)
	policy, problems := merge([]*file{f}, func(d declaredSet) (Set, Problems) {
		fault := faultf("write the addresses here", "the file of set %s is not read here", quote(d.Name))
		return d.Set, Problems{d.file.source.problem(d.file.word, fault)}
	})
	return finish(policy, append(f.problems, problems...), []string{name})
}

// opener opens the files of a policy and of its sets by their names.
type opener func(name string) (io.ReadSeekCloser, error)

func trustedFiles(name string) (io.ReadSeekCloser, error) { return openTrusted(name) }

// inMemory is a file that is no file.
func inMemory(data []byte) io.ReadSeekCloser {
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(data), io.NopCloser(nil)}
}

func load(names []string, open opener, problems Problems) (*Policy, Problems) {
	var files []*file
	order := append([]string{}, names...)
	for _, name := range names {
		f, p := loadFile(name, open)
		if f != nil {
			files = append(files, f)
			p = f.problems
		}
		problems = append(problems, p...)
	}
	policy, found := merge(files, func(d declaredSet) (Set, Problems) {
		set, problems := loadSet(d, open)
		order = append(order, set.File)
		return set, problems
	})
	return finish(policy, append(problems, found...), order)
}

// finish puts problems in order, and gives no policy where there are errors.
func finish(policy *Policy, problems Problems, order []string) (*Policy, Problems) {
	rank := map[string]int{}
	for i, name := range order {
		if _, known := rank[name]; !known {
			rank[name] = i
		}
	}
	problems = problems.sorted(rank)
	if problems.Err() != nil {
		return nil, problems
	}
	return policy, problems
}

func loadFile(name string, open opener) (*file, Problems) {
	r, err := open(name)
	if err != nil {
		return nil, Problems{unreadable(name, err)}
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, largestFile+1))
	if err != nil {
		return nil, Problems{unreadable(name, err)}
	}
	return readFile(name, data), nil
}

// withDropIns is the names of a policy's files. The directory of drop-ins is held to the same rules as the files.
func withDropIns(path string) ([]string, Problems) {
	names, dir := []string{path}, filepath.Join(filepath.Dir(path), DropIns)
	entries, err := readTrustedDir(dir)
	if err != nil {
		return names, Problems{unreadable(dir, err)}
	}
	var problems Problems
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case strings.HasSuffix(e.Name(), ".yaml"):
			names = append(names, name)
		case strings.HasSuffix(e.Name(), ".yml"):
			problems = append(problems, Problem{Position: Position{File: name}, Warning: true,
				Message: "this file is not part of the policy", Hint: "only *.yaml is read: rename it"})
		}
	}
	return names, problems
}

// unreadable is the problem of a file that cannot be read, without the path that is the problem's position already.
func unreadable(name string, err error) Problem {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	var f *untrustedError
	if errors.As(err, &f) {
		return Problem{Position: Position{File: name}, Message: f.message, Hint: f.hint}
	}
	p := Problem{Position: Position{File: name}, Message: fmt.Sprintf("the file cannot be read: %v", err)}
	if errors.Is(err, fs.ErrNotExist) {
		p.Message = "there is no such file"
	}
	return p
}
