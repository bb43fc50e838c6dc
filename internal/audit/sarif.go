package audit

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/dockwall/dockwall/internal/wording"
)

// The parts of SARIF 2.1.0 that a report needs (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name            string      `json:"name"`
	SemanticVersion string      `json:"semanticVersion,omitempty"`
	InformationURI  string      `json:"informationUri"`
	Rules           []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string             `json:"id"`
	Short   sarifText          `json:"shortDescription"`
	Full    sarifText          `json:"fullDescription"`
	Help    sarifText          `json:"help"`
	Default sarifConfiguration `json:"defaultConfiguration"`
	// GitHub orders by this number: 9 is critical, 7 high, 4 medium.
	Properties map[string]string `json:"properties"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Related      []sarifLocation   `json:"relatedLocations,omitempty"` // the lines of many rules told together
	Occurrences  int               `json:"occurrenceCount,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Properties   map[string]any    `json:"properties,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
}

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// WriteSARIF is the report for tools that collect findings. source is the file that was looked at, as a relative URI;
// "" for the host itself.
func (r *Report) WriteSARIF(w io.Writer, version, source string) error {
	run := sarifRun{
		Tool: sarifTool{sarifDriver{Name: "dockwall", SemanticVersion: version,
			InformationURI: "https://github.com/dockwall/dockwall", Rules: sarifRules()}},
		Invocations: []sarifInvocation{{Successful: true}},
		Results:     []sarifResult{},
	}
	for _, sentence := range r.Missing {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications,
			sarifNotification{"note", message(sentence)})
	}
	if source == "" {
		source = "host"
	}
	for _, f := range r.Findings {
		run.Results = append(run.Results, f.sarif(source))
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{sarifSchema, "2.1.0", []sarifRun{run}})
}

func sarifRules() []sarifRule {
	var rules []sarifRule
	for _, k := range Kinds() {
		rules = append(rules, sarifRule{ID: k.ID, Short: sarifText{k.Title}, Full: sarifText{k.Meaning},
			Help: sarifText{k.Remedy}, Default: sarifConfiguration{level(k.Severity)},
			Properties: map[string]string{"security-severity": score(k.Severity)}})
	}
	return rules
}

func (f *Finding) sarif(source string) sarifResult {
	result := sarifResult{
		RuleID: f.ID, Level: level(f.Severity), Message: message(f.Subject + ": " + f.Message + ". " + f.Remedy),
		Locations: []sarifLocation{{Physical: sarifPhysical{Artifact: sarifArtifact{source}},
			Logical: []sarifLogical{{wording.Printable(f.Subject)}}}},
		Fingerprints: map[string]string{"dockwall/v1": f.ID + "/" + wording.Printable(f.Subject)},
	}
	for i, k := range Kinds() {
		if k == f.Kind {
			result.RuleIndex = i
		}
	}
	if f.Line > 0 {
		result.Locations[0].Physical.Region = &sarifRegion{f.Line}
	}
	result.Occurrences = f.Count
	for _, line := range f.Lines[:min(len(f.Lines), many)] {
		result.Related = append(result.Related, sarifLocation{Physical: sarifPhysical{sarifArtifact{source}, &sarifRegion{line}}})
	}
	result.Properties = f.properties()
	return result
}

// properties are the packet with its way, or what is said of the first of many rules.
func (f *Finding) properties() map[string]any {
	switch {
	case f.Evidence.Packet != "":
		return map[string]any{"packet": wording.Printable(f.Evidence.Packet), "trace": plainAll(f.Evidence.Trace)}
	case f.Count > 0:
		return map[string]any{"rules": plainAll(f.Evidence.Trace)}
	}
	return nil
}

func plainAll(texts []string) []string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = wording.Printable(t)
	}
	return all
}

// sarifWords are the characters that a SARIF message gives a meaning to (section 3.11: links and placeholders).
var sarifWords = strings.NewReplacer("[", "(", "]", ")", "{", "(", "}", ")")

func message(text string) sarifText { return sarifText{sarifWords.Replace(wording.Printable(text))} }

func level(s Severity) string { return [...]string{"none", "note", "warning", "error"}[s] }

func score(s Severity) string { return [...]string{"0.0", "2.0", "5.0", "8.0"}[s] }
