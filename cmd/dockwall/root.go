package main

import (
	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
)

const rootHelp = `dockwall is the firewall of Docker hosts. It reads one policy, looks at the host, and makes the
kernel refuse everything that the policy does not allow into containers.

Begin with "dockwall init", which writes a policy that keeps everything as it is; make it narrower;
see with "dockwall plan" what would change; and put it in force with "dockwall apply".

It acts on the network namespace it is started in.`

// root is the command with all its verbs.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "dockwall",
		Short:             "The firewall of Docker hosts",
		Long:              rootHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.checkFlags() },
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	a.globalFlags(root)
	root.AddCommand(
		a.initVerb(), a.checkVerb(), a.planVerb(), a.applyVerb(), a.confirmVerb(), a.statusVerb(),
		a.addVerb("allow"), a.addVerb("deny"), a.removeVerb(), a.importVerb(),
		a.runVerb(), a.historyVerb(), a.diffVerb(), a.rollbackVerb(),
		a.traceVerb(), a.explainVerb(), a.auditVerb(), a.verifyVerb(),
		a.renderVerb(), a.restoreVerb(), a.resetVerb(), a.snapshotVerb(), a.versionVerb(), a.manualVerb(),
		a.awaitVerb(),
		exitCodesTopic(),
	)
	return root
}

func (a *app) globalFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&a.policyPath, "policy", "/etc/dockwall/policy.yaml",
		"the policy; every *.yaml in policy.d beside it belongs to it")
	flags.StringVar(&a.stateDir, "state-dir", "/var/lib/dockwall", "where the history and the lock are")
	flags.StringVar(&a.backend, "backend", "", "nftables or iptables; without it, what the policy's backend says")
	flags.StringVar(&a.dockerHost, "docker-host", "",
		"address of the Docker engine; without it, $DOCKER_HOST or Docker's default")
	flags.StringVar(&a.snapshot, "snapshot", "",
		"look at this snapshot instead of the host; needs neither root nor Docker")
	flags.BoolVar(&a.json, "json", false, "print JSON")
	_ = root.MarkPersistentFlagFilename("policy", "yaml") // these fail for flags that do not exist, and for nothing else
	_ = root.MarkPersistentFlagDirname("state-dir")
	_ = root.MarkPersistentFlagFilename("snapshot", "json")
	_ = root.RegisterFlagCompletionFunc("backend", cobra.FixedCompletions(
		[]string{enforce.NFTables, enforce.IPTables}, cobra.ShellCompDirectiveNoFileComp))
}
