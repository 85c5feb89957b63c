// Command reeve-agent is the agent of Reeve: it enrols a machine, waits for what
// the server orders, and does it. It may import the agent's rooms and the words;
// what they are wired with is decided here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"reeve"
	"reeve/internal/agent"
	"reeve/internal/agent/directory"
	"reeve/internal/agent/window"
)

// version is set by the build.
var version = "unknown"

const usage = `Reeve's agent carries out on this machine what its server orders.

  reeve-agent run --server URL --pin PIN --code-file FILE --state DIR [--policy FILE]
      enrol if this machine is not enrolled yet, then run in the foreground until
      stopped. Once it is enrolled, --state alone is enough.
  reeve-agent run --on-demand --server URL --pin PIN --code-file FILE
      the same as a guest: when it is stopped it leaves nothing on this machine, and
      the server removes its record.
  reeve-agent run --domain ldaps://HOST --domain-user USER --domain-password-file FILE ...
      also tell the server of the machines of a Windows domain that have no agent.
  reeve-agent identify --state DIR
      answer, on this terminal, the questions of a re-identify command.
  reeve-agent status --state DIR [--json]
      tell whether the agent runs, who it is and whether its server is there.
  reeve-agent retire --state DIR
      leave the server for good and forget the enrolment. Stop the agent first.
  reeve-agent install [--server URL --pin PIN --code-file FILE]
      make this program a service of this machine (systemd, launchd, Windows) and
      start it. Without flags it keeps what it was told before.
  reeve-agent uninstall [--retire]
      stop the service and remove everything that install and the agent made.
  reeve-agent --version

Flags, each with a twin in the environment:
  --server URL      REEVE_SERVER     the server, such as https://reeve.example:8443; http://
                                     only for a server on this machine
  --pin PIN         REEVE_PIN        the server's fingerprint, 64 hex digits, from where the
                                     registration code came from; not needed with http://
  --code-file FILE  REEVE_CODE_FILE  a file with the registration code
  --code CODE       REEVE_CODE       the code itself; others can see it in the list of processes
  --state DIR       REEVE_STATE      folder for the agent's key, journal and logs; one agent each
  --policy FILE     REEVE_POLICY     JSON file of this machine's owner with what the agent
                                     refuses whatever is ordered, such as
                                     {"actions": {"dhcprenew": false},
                                      "hours": {"scan_threats": ["22:00-06:00"]},
                                      "deny_paths": ["/srv/private"]}
                                     Without it every action is allowed.
  --domain URL      REEVE_DOMAIN     the domain controller to read; with --domain-user,
                                     --domain-password-file and --domain-ca FILE (PEM; without
                                     it this system's authorities)
  --on-demand                        keep nothing
  --retire                           leave the server first, as retire does
  --json                             print one JSON object

Signature files (*.hdb, *.hsb, *.ndb) are read from DIR/signatures and YARA rules from
DIR/rules, unless the policy names other folders. Logs are in DIR/logs.

Exit codes: 0 done, 1 failed, 2 wrong usage.
`

// processors bounds how many of them the agent uses at once. It never needs
// more, and each costs memory on a machine that has many.
const processors = 2

func main() {
	runtime.GOMAXPROCS(min(processors, runtime.NumCPU()))
	if asService(os.Args[1:]) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], console{os.Stdin, os.Stdout, os.Stderr}))
}

// A console is what a command talks to.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errUsage marks an error of the command line itself.
var errUsage = errors.New("see reeve-agent --help")

func usagef(format string, args ...any) error {
	return fmt.Errorf("%s; %w", fmt.Sprintf(format, args...), errUsage)
}

// commands are the subcommands, each with the names of its flags.
var commands = map[string]struct {
	flags string
	run   func(context.Context, console, settings) error
}{
	"run":      {"server pin code code-file state policy on-demand domain domain-user domain-password-file domain-ca", runAgent},
	"identify": {"state", identify},
	"status":   {"state json", status},
	"retire":   {"state", retire},

	"install":   {"server pin code code-file", install},
	"uninstall": {"retire", uninstall},
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, c console) int {
	err := dispatch(ctx, args, c)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(c.err, "reeve-agent:", err)
	if errors.Is(err, errUsage) || reeve.KindOf(err) == reeve.Invalid {
		return exitUsage
	}
	return exitFailed
}

func dispatch(ctx context.Context, args []string, c console) error {
	if len(args) == 0 {
		return usagef("no command was given")
	}
	switch args[0] {
	case "ask": // the agent's own, started on a user's desktop
		return window.Ask(ctx, c.in, c.out, args[1:])
	case "--help", "-help", "-h", "help":
		_, err := io.WriteString(c.out, usage)
		return err
	case "--version", "-version":
		_, err := fmt.Fprintf(c.out, "reeve-agent %s (%s)\n", agent.Version, version)
		return err
	}
	command, ok := commands[args[0]]
	if !ok {
		return usagef("there is no command %q", args[0])
	}
	s, err := readSettings(command.flags, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(c.out, usage)
		return err
	}
	if err != nil {
		return usagef("%v", err)
	}
	return command.run(ctx, c, s)
}

// settings are the values of the flags.
type settings struct {
	server, pin, code, codeFile, state, policy string
	json, retire, onDemand                     bool
	domain                                     directory.Directory // zero for none
}

// readSettings takes the named flags from the command line and, where they are
// not there, from the environment.
func readSettings(names string, args []string) (s settings, err error) {
	texts := map[string]*string{
		"server": &s.server, "pin": &s.pin, "code": &s.code, "code-file": &s.codeFile, "state": &s.state, "policy": &s.policy,
		"domain": &s.domain.URL, "domain-user": &s.domain.User, "domain-password-file": &s.domain.PasswordFile, "domain-ca": &s.domain.CAFile,
	}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, name := range strings.Fields(names) {
		if value, ok := map[string]*bool{"json": &s.json, "retire": &s.retire, "on-demand": &s.onDemand}[name]; ok {
			flags.BoolVar(value, name, false, "")
			continue
		}
		twin := "REEVE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		flags.StringVar(texts[name], name, os.Getenv(twin), "")
	}
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("%q is too much", flags.Arg(0))
	}
	switch {
	case s.onDemand && s.state != "":
		return s, errors.New("an on-demand agent keeps nothing: give --on-demand or --state, not both")
	case s.domain == directory.Directory{}:
	case s.onDemand:
		return s, errors.New("an on-demand agent reads no domain: give --on-demand or --domain, not both")
	default:
		if err := s.domain.Check(); err != nil {
			return s, err
		}
	}
	if s.state == "" && !s.onDemand && slices.Contains(strings.Fields(names), "state") {
		return s, errors.New("name the agent's folder with --state")
	}
	if s.code != "" && s.codeFile != "" {
		return s, errors.New("give --code or --code-file, not both")
	}
	return s, nil
}
