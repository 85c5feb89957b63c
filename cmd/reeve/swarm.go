package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"reeve"
	"reeve/internal/swarm"
)

func swarmCommand() *cobra.Command {
	var o swarm.Options
	var codeFile, fleetFile string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "swarm --server URL --code CODE --pin PIN --count N",
		Short: "Simulate agents that speak the real protocol",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readSwarm(&o, codeFile, fleetFile); err != nil {
				return err
			}
			o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
			o.Ready = func(s swarm.Stats) { showStats(cmd.OutOrStdout(), asJSON, s) }
			stats, err := swarm.Run(cmd.Context(), o)
			if err == nil && o.Hold {
				showStats(cmd.OutOrStdout(), asJSON, stats)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Server, "server", "", "URL of the server's API")
	f.StringVar(&o.Code, "code", "", "registration code")
	f.StringVar(&codeFile, "code-file", "", "file with the registration code")
	f.StringVar(&o.Pin, "pin", "", "pin of the server (none with --tls off)")
	f.IntVar(&o.Count, "count", 0, "how many devices")
	f.StringVar(&fleetFile, "fleet", "", "file that says what they are like, see docs/fleet.md (default: a mixed fleet)")
	f.Int64Var(&o.Seed, "seed", 1, "the same devices for the same seed")
	f.BoolVar(&o.Hold, "hold", false, "stay connected and work until stopped")
	f.BoolVar(&asJSON, "json", false, "write one JSON object per line")
	return cmd
}

// readSwarm completes the options from files and checks them.
func readSwarm(o *swarm.Options, codeFile, fleetFile string) error {
	if o.Server == "" || o.Count < 1 || (o.Code == "") == (codeFile == "") {
		return usagef("a swarm needs --server URL, --count N, and one of --code CODE and --code-file FILE")
	}
	if codeFile != "" {
		text, err := os.ReadFile(codeFile)
		if err != nil {
			return reeve.Errorf(reeve.NotFound, "cannot read the file of --code-file; check its path").Because(err)
		}
		o.Code = strings.TrimSpace(string(text))
	}
	if fleetFile == "" {
		return nil
	}
	text, err := os.ReadFile(fleetFile)
	if err != nil {
		return reeve.Errorf(reeve.NotFound, "cannot read the file of --fleet; check its path").Because(err)
	}
	o.Fleet, err = swarm.ParseFleet(text)
	return err
}

func showStats(w io.Writer, asJSON bool, s swarm.Stats) {
	if asJSON {
		json.NewEncoder(w).Encode(s)
		return
	}
	fmt.Fprintf(w, "%d devices, %d connected, %d not taken; orders %d, completed %d, refused %d, retired %d\n",
		s.Devices, s.Connected, s.Rejected, s.Orders, s.Completed, s.Faulty, s.Retired)
}
