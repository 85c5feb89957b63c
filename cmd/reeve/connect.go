package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"reeve"
	"reeve/client"
)

// remote makes a command one that speaks to a server: it gets the flags that
// say which, and work gets the connection.
func remote(cmd *cobra.Command, work func(ctx context.Context, c *client.Client, o output, args []string) error) *cobra.Command {
	flags := cmd.Flags()
	server := flags.String("url", "", "address of the server")
	id := flags.String("client-id", "", "client id of the app to act as")
	secretFile := flags.String("client-secret-file", "", "file with the app's secret")
	tokenFile := flags.String("token-file", "", "file with an access token to use instead of an app's secret")
	ca := flags.String("ca", "", "file with the certificate of the server's authority")
	pin := flags.String("pin", "", "SHA-256 of the server's root key in hex")
	asJSON := flags.Bool("json", false, "write one JSON object per line")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		config, err := configFrom(*server, *id, *secretFile, *tokenFile, *ca, *pin)
		if err != nil {
			return err
		}
		c, err := client.New(config)
		if err != nil {
			return usagef("%v", err)
		}
		return work(cmd.Context(), c, output{json: *asJSON, out: cmd.OutOrStdout(), notes: cmd.ErrOrStderr()}, args)
	}
	return cmd
}

func configFrom(server, id, secretFile, tokenFile, ca, pin string) (client.Config, error) {
	config := client.Config{URL: server, ClientID: id, ClientSecret: os.Getenv("REEVE_CLIENT_SECRET"), Pin: pin}
	read := func(file, what string, into *string) error {
		text, err := os.ReadFile(file)
		if err != nil {
			return usagef("cannot read the %s: %v", what, err)
		}
		*into = strings.TrimSpace(string(text))
		return nil
	}
	if server == "" || id == "" && tokenFile == "" {
		return config, usagef("say which server and as whom: set REEVE_URL, REEVE_CLIENT_ID and REEVE_CLIENT_SECRET")
	}
	if tokenFile != "" {
		if err := read(tokenFile, "token", &config.Token); err != nil {
			return config, err
		}
		if config.Token == "" {
			return config, usagef("the file of --token-file is empty; write an access token into it")
		}
	} else if config.ClientSecret == "" && secretFile != "" {
		if err := read(secretFile, "secret", &config.ClientSecret); err != nil {
			return config, err
		}
	}
	if config.ClientSecret == "" && config.Token == "" {
		return config, usagef("the app's secret is missing: set REEVE_CLIENT_SECRET or REEVE_CLIENT_SECRET_FILE")
	}
	if ca != "" {
		var err error
		if config.CA, err = os.ReadFile(ca); err != nil {
			return config, usagef("cannot read the authority's certificate: %v", err)
		}
	}
	return config, nil
}

// given returns the value of a flag that was given, else nil.
func given[T any](flags *pflag.FlagSet, name string, value *T) *T {
	if flags.Changed(name) {
		return value
	}
	return nil
}

// findGroup returns the id of the group with this name or id.
func findGroup(ctx context.Context, c *client.Client, name string) (string, error) {
	if reeve.IsID(name) {
		return name, nil
	}
	for g, err := range c.Groups(ctx, name) {
		if err != nil {
			return "", err
		}
		if g.Name == name {
			return g.ID, nil
		}
	}
	return "", fmt.Errorf("there is no group named %q; reeve groups list shows them", name)
}

// errStopped tells that the person stopped waiting.
var errStopped = errors.New("stopped waiting; the job goes on, reeve jobs show tells how far it is")
