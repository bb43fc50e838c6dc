package iptables

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
)

// tools runs iptables' programs of one variant, and ipset, in the network namespace of the calling thread.
type tools struct {
	variant string // "nft", "legacy", or "" for what the plain names are
}

// restore runs a transaction of one family. Every rule's counters are zero unless the text and keepCounters say more.
func (t tools) restore(ctx context.Context, f *family, text string, keepCounters bool) error {
	arguments := []string{"--noflush"}
	if keepCounters {
		arguments = append(arguments, "--counters")
	}
	tool, err := t.find(ctx, f.tool, "restore")
	if err != nil {
		return err
	}
	if !strings.Contains(tool, "-nft-") {
		arguments = append(arguments, "--wait", "10") // for the lock that the programs of the legacy variant share
	}
	_, err = run(ctx, text, tool, arguments...)
	return err
}

// save prints the filter table of one family, with counters.
func (t tools) save(ctx context.Context, f *family) (string, error) {
	tool, err := t.find(ctx, f.tool, "save")
	if err != nil {
		return "", err
	}
	return run(ctx, "", tool, "--counters", "--table", "filter")
}

// find is the program of our variant: iptables-nft-restore, or iptables-restore if that is of the same variant.
func (t tools) find(ctx context.Context, tool, action string) (string, error) {
	plain := tool + "-" + action
	if t.variant != "" {
		named := tool + "-" + t.variant + "-" + action
		if _, err := exec.LookPath(named); err == nil {
			return named, nil
		}
	}
	version, err := run(ctx, "", plain, "--version")
	if t.variant == "" || err == nil && variantOf(version) == t.variant {
		return plain, err
	}
	return "", &backend.MissingToolError{Tool: tool + "-" + t.variant + "-" + action, Package: "iptables"}
}

// variantOf reads what a program says its version is. Before 1.8 there was one variant, and no word for it.
func variantOf(version string) string {
	if strings.Contains(version, "nf_tables") {
		return "nft"
	}
	return "legacy"
}

// kind is the variant that the programs really are of.
func (t tools) kind(ctx context.Context, f *family) (string, error) {
	if t.variant != "" {
		return t.variant, nil
	}
	version, err := run(ctx, "", f.tool+"-save", "--version")
	return variantOf(version), err
}

// setNames are the names of our sets.
func (t tools) setNames(ctx context.Context) ([]string, error) {
	text, err := run(ctx, "", "ipset", "list", "-name")
	names := strings.Fields(text)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, setPrefix) }), err
}

// ipset runs lines as ipset restore takes them. It is no transaction: what stands before a line that fails is done.
func (t tools) ipset(ctx context.Context, text string) (string, error) {
	return run(ctx, text, "ipset", "restore")
}

// run runs a program and returns what it prints. Its refusal is a *backend.RefusedError with the line of the input that
// it complains about.
func run(ctx context.Context, input, tool string, arguments ...string) (string, error) {
	ran, err := backend.RunTool(ctx, input, tool, arguments...)
	var stopped *backend.StoppedError
	switch {
	case err == nil:
		return ran.Stdout, nil
	case errors.Is(err, exec.ErrNotFound):
		return "", &backend.MissingToolError{Tool: tool, Package: packageOf(tool)}
	case errors.As(err, &stopped):
		return "", err
	}
	return "", refusal(tool, input, ran.Stderr, err)
}

func packageOf(tool string) string {
	if tool == "ipset" {
		return "ipset"
	}
	return "iptables"
}

// reasons are what the programs say where not the rules are the trouble, and what it means.
var reasons = []struct{ said, means string }{
	{"you must be root", "this needs root (the capability CAP_NET_ADMIN)"},
	{"Operation not permitted", "this needs root (the capability CAP_NET_ADMIN)"},
	{"Permission denied", "this needs root (the capability CAP_NET_ADMIN)"},
	{"xtables lock", "another program is changing iptables' rules and did not finish within 10 seconds; try again"},
	{"Cannot open session to kernel", "this kernel has no ip_set: load that module, or use a kernel with CONFIG_IP_SET"},
	{"Kernel support protocol version", "the program is too old or too new for this kernel: update the package ipset"},
	{"missing kernel module", "this kernel lacks one of the modules that the rules need: " + modules},
}

// refusal is what a program's complaint means.
func refusal(tool, input, message string, err error) error {
	message = strings.Join(strings.Fields(firstLines(message)), " ")
	if message == "" {
		message = err.Error()
	}
	for _, r := range reasons {
		if strings.Contains(message, r.said) {
			return fmt.Errorf("%s: %s (it said: %s)", tool, r.means, message)
		}
	}
	line := complainedLine(input, message)
	if line == "COMMIT" {
		line = ""
		message += " (that is the COMMIT: the kernel refused one of the lines before it and does not say which, perhaps " +
			"because it lacks one of " + modules + ")"
	}
	return &backend.RefusedError{Tool: tool, Message: message, Line: line}
}

// modules are the kernel's modules that the rules need.
const modules = "ip_set, xt_set, xt_conntrack, xt_comment and ipt_REJECT"

// firstLines is a message without the hint to read the manual.
func firstLines(message string) string {
	before, _, _ := strings.Cut(message, "\nTry `")
	return before
}

// lineNumber is how all the programs name a line of their input: "line 12 failed", "line: 5", "in line 2:".
var lineNumber = regexp.MustCompile(`line:? (\d+)`)

// complainedLine is the line of the input that a message names, "" for none.
func complainedLine(input, message string) string {
	found := lineNumber.FindStringSubmatch(message)
	if found == nil {
		return ""
	}
	n, err := strconv.Atoi(found[1])
	lines := strings.Split(input, "\n")
	if err != nil || n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}
