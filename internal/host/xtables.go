package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// maxOutput bounds what a tool may print: a ruleset beyond it is no ruleset.
const maxOutput = 256 << 20

// dockersIptables is the iptables whose rules carry Docker's chains: "nft", "legacy", or "" where neither does or the
// tools are missing. Where both do, an engine was switched over and left its old chains behind: then it is the one
// that the plain iptables is, because that is what Docker calls.
func dockersIptables(ctx context.Context) string {
	nft := carriesDocker(saved(ctx, "iptables-nft-save"))
	legacy := carriesDocker(savedLegacy(ctx, "iptables-legacy-save", "ip_tables_names"))
	if nft && !legacy {
		return "nft"
	}
	if legacy && !nft {
		return "legacy"
	}
	if plain := saved(ctx, "iptables-save"); carriesDocker(plain) {
		return variantOf(plain)
	}
	return ""
}

// saved is what a save tool prints, "" where it is missing or fails.
func saved(ctx context.Context, tool string) string {
	text, _ := output(ctx, tool)
	return text
}

// savedLegacy is saved for a legacy tool. It is not started where the kernel has no legacy table, so that none is made.
func savedLegacy(ctx context.Context, tool, names string) string {
	if !hasLegacyTables(names) {
		return ""
	}
	return saved(ctx, tool)
}

// hasLegacyTables tells whether the kernel has any: names is "ip_tables_names" or "ip6_tables_names".
func hasLegacyTables(names string) bool {
	tables, err := os.ReadFile(procNet + names)
	return err == nil && len(bytes.TrimSpace(tables)) > 0
}

// carriesDocker tells whether an iptables-save text has Docker's chains.
func carriesDocker(save string) bool {
	return strings.HasPrefix(save, ":DOCKER ") || strings.Contains(save, "\n:DOCKER ")
}

// variantOf is the iptables that wrote a text: its first line says "(nf_tables)" where it is the nft one.
func variantOf(save string) string {
	first, _, _ := strings.Cut(save, "\n")
	if strings.Contains(first, "nf_tables") {
		return "nft"
	}
	return "legacy"
}

// errMissing is a tool that is not installed.
var errMissing = errors.New("not installed")

// output runs a tool in the calling thread's network namespace and gives what it prints.
func output(ctx context.Context, tool string, args ...string) (string, error) {
	path, err := lookTool(tool)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	var stdout, stderr bounded
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		message := strings.TrimSpace(stderr.String())
		return "", fmt.Errorf("%s: %w: %s", tool, err, message[:min(len(message), 300)])
	}
	return stdout.String(), nil
}

// lookTool finds a tool in PATH, or where Debian keeps root's tools, which PATH may lack.
func lookTool(tool string) (string, error) {
	if path, err := exec.LookPath(tool); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, tool)); err == nil {
			return path, nil
		}
	}
	return "", errMissing
}

// bounded is a buffer that refuses to grow beyond maxOutput.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("more than %d MiB of output", maxOutput>>20)
	}
	return b.Buffer.Write(p)
}

// HasLegacyTables tells whether the kernel has tables of iptables-legacy, for either family, in this network namespace.
func HasLegacyTables() bool {
	return hasLegacyTables("ip_tables_names") || hasLegacyTables("ip6_tables_names")
}
