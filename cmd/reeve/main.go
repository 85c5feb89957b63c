// Command reeve is the server of Reeve and the command line that speaks to it:
// one file for each subcommand. It may import every room; what it starts and how
// the parts find each other is decided here and nowhere else.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"reeve"
	"reeve/client"
)

// version is set by the build.
var version = "unknown"

// commands are all subcommands, in the order of the help.
var commands = []func() *cobra.Command{
	serveCommand, demoCommand, swarmCommand, operatorsCommand,
	actCommand, devicesCommand, groupsCommand, jobsCommand, proposalsCommand, logCommand,
	appsCommand, codesCommand, accountCommand, accountsCommand, webhookCommand, exportsCommand, setsCommand, agentSettingsCommand,
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // the command line itself is wrong
	exitSome   = 3 // it was done, but some devices did not end well
)

func main() {
	log.SetOutput(io.Discard) // net/http writes there what its errors say as well
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "reeve",
		Short:         "A self-hosted control plane for device actions",
		Long:          longHelp,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          needSubcommand,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return readEnvironment(cmd.Flags())
		},
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
			return badValue("--"+wrong.GetFlag().Name, wrong.GetFlag())
		}
		return usagef("%v; see %s --help", err, cmd.CommandPath())
	})
	for _, command := range commands {
		root.AddCommand(command())
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if text := sentence(err); text != "" {
		fmt.Fprintln(stderr, "reeve:", text)
	}
	return exitCode(err)
}

const longHelp = `Reeve orders actions on many devices at once and remembers who asked for what.

Commands that speak to a server read where it is from the environment:
  REEVE_URL                   its address, such as https://127.0.0.1:8443
  REEVE_CLIENT_ID             an app's client id (reeve apps create --cli)
  REEVE_CLIENT_SECRET         its secret; or REEVE_CLIENT_SECRET_FILE, a file with it
  REEVE_PIN or REEVE_CA       the pin that the server shows when it starts, or a file
                              with the certificate of its authority
Every other flag has such a twin too: --some-flag is REEVE_SOME_FLAG.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some devices did not end well.`

// readEnvironment sets each flag that was not given to its twin in the
// environment, if there is one.
func readEnvironment(flags *pflag.FlagSet) error {
	var fault error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "REEVE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if f.Changed || !ok || f.Name == "help" || f.Name == "version" || fault != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			fault = badValue(name, f)
		}
	})
	return fault
}

// badValue says what a flag must be, under its own name or that of its twin.
func badValue(name string, f *pflag.Flag) error {
	wanted, ok := map[string]string{
		"bool":        "true or false",
		"int":         "a whole number",
		"int64":       "a whole number",
		"duration":    "a time such as 90s or 24h",
		"stringSlice": "words separated by commas",
	}[f.Value.Type()]
	if !ok {
		return usagef("%s has a value that cannot be read", name)
	}
	return usagef("%s must be %s", name, wanted)
}

// An exit is an error with an exit code of its own.
type exit struct {
	code int
	text string
}

func (e *exit) Error() string { return e.text }

// usagef says what is wrong with the command line.
func usagef(format string, args ...any) error {
	return &exit{exitUsage, fmt.Sprintf(format, args...)}
}

// exitCode is this door's word for each kind of error.
func exitCode(err error) int {
	if e, ok := errors.AsType[*exit](err); ok {
		return e.code
	}
	// What the server calls invalid came from the command line.
	if e, ok := errors.AsType[*client.Error](err); ok && e.Status == http.StatusBadRequest {
		return exitUsage
	}
	if reeve.KindOf(err) == reeve.Invalid {
		return exitUsage
	}
	return exitFailed
}

// sentence is what a person reads of an error.
func sentence(err error) string {
	if e, ok := errors.AsType[*reeve.Error](err); ok && e.Kind != reeve.Internal {
		return e.Msg
	}
	if e, ok := errors.AsType[*client.Error](err); ok {
		switch {
		case e.Code == "invalid_client":
			return "the server does not know this app or its secret is another; check REEVE_CLIENT_ID and REEVE_CLIENT_SECRET"
		case e.Status >= 500 && e.RequestID != "":
			return fmt.Sprintf("%v (request %s)", err, e.RequestID)
		}
	}
	if speaksOtherwise(err) {
		return "what answers there does not speak as REEVE_URL says; take the URL of the server's --listen, not of its --agents"
	}
	if errors.Is(err, context.Canceled) {
		return "stopped"
	}
	return err.Error()
}

// speaksOtherwise reports whether the other end speaks neither TLS nor HTTP where
// it should. For the latter net/http has words but no type.
func speaksOtherwise(err error) bool {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	text := err.Error()
	return strings.Contains(text, "malformed HTTP") || strings.Contains(text, "readLoopPeekFail")
}

// family returns a command that only has subcommands.
func family(name, short string, members ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.ArbitraryArgs, RunE: needSubcommand}
	cmd.AddCommand(members...)
	return cmd
}

// needSubcommand refuses a command that is nothing by itself.
func needSubcommand(cmd *cobra.Command, args []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	known := strings.Join(names, ", ")
	if len(args) > 0 {
		return usagef("%s has no command %q; it has %s", cmd.CommandPath(), args[0], known)
	}
	return usagef("say what to do: %s %s", cmd.CommandPath(), strings.Join(names, "|"))
}

// exactly asks for these arguments, by name, the way the help shows them.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return usagef("usage: %s", cmd.UseLine())
	}
}

// atLeastOne asks for one argument or more.
func atLeastOne(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("usage: %s", cmd.UseLine())
	}
	return nil
}
