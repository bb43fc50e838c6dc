// Command dockwall-sbom prints what a Go binary is made of, as a CycloneDX document. It reads the list of modules that the
// Go linker leaves in every binary, so it says what is in the binary, and not what a file of requirements asks for.
//
//	dockwall-sbom VERSION FILE
//
// SOURCE_DATE_EPOCH is the time that the document bears; without it, it bears none.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dockwall-sbom: "+err.Error())
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: dockwall-sbom VERSION FILE")
	}
	info, err := buildinfo.ReadFile(args[1])
	if err != nil {
		return fmt.Errorf("%s does not say what it is made of: %w", args[1], err)
	}
	made, err := timestamp(os.Getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(describe(info, args[0], made))
}

// timestamp is a number of seconds as CycloneDX writes times.
func timestamp(seconds string) (string, error) {
	if seconds == "" {
		return "", nil
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return "", fmt.Errorf("SOURCE_DATE_EPOCH is %q, and should be a number of seconds", seconds)
	}
	return time.Unix(n, 0).UTC().Format(time.RFC3339), nil
}

// The parts of a document of CycloneDX 1.6 that are used here.
type (
	document struct {
		Format       string       `json:"bomFormat"`
		SpecVersion  string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp,omitempty"`
		Component component `json:"component"`
	}
	component struct {
		Type    string `json:"type"`
		Ref     string `json:"bom-ref"`
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	}
)

func describe(info *debug.BuildInfo, version, made string) document {
	main := part("application", info.Main.Path, version)
	components := []component{part("library", "stdlib", info.GoVersion)}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		components = append(components, part("library", m.Path, m.Version))
	}
	all := dependency{Ref: main.Ref}
	for _, c := range components {
		all.DependsOn = append(all.DependsOn, c.Ref)
	}
	return document{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata{made, main},
		Components: components, Dependencies: []dependency{all}}
}

func part(kind, path, version string) component {
	purl := "pkg:golang/" + path + "@" + version
	return component{kind, purl, path, version, purl}
}
