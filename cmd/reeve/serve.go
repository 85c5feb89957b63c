package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/serve"
	"reeve/internal/sso"
)

func serveCommand() *cobra.Command {
	var c serve.Config
	cmd := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "Run the server",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			c.Log = slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
			c.Version = version
			c.Show = func(b serve.Bootstrap) { b.Print(cmd.OutOrStdout()) }
			server, err := serve.Open(ctx, c)
			if err != nil {
				return err
			}
			c.Log.Info("serving", "url", server.URL, "agents", server.Agents)
			failed := server.Wait(ctx)
			c.Log.Info("stopping")
			if err := server.Close(ctx); failed == nil {
				failed = err
			}
			return failed
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Data, "data", "", "folder of everything the server keeps")
	f.StringVar(&c.Listen, "listen", serve.DefaultListen, "address of the API")
	f.StringVar(&c.Agents, "agents", serve.DefaultAgents, "address of the agents' message bus")
	f.StringVar(&c.Public, "public", "", "URL by which others reach the API (default: --listen)")
	f.StringVar(&c.PublicAgents, "public-agents", "", "HOST:PORT by which agents reach the bus (default: --agents)")
	f.StringVar(&c.Keys, "keys", "", "folder of the keys (default: DATA/keys)")
	f.StringVar(&c.Database, "database", "", "postgres:// URL (default: SQLite in --data)")
	f.StringVar(&c.TLS, "tls", serve.DefaultTLS, "auto, off, or the files CERT,KEY")
	f.StringVar(&c.RateLimit, "rate-limit", serve.DefaultRateLimit, "requests per minute, account and published API, or off")
	f.StringVar(&c.OwnRateLimit, "own-rate-limit", serve.DefaultOwnRateLimit, "requests per minute and account on Reeve's own API, or off")
	f.IntVar(&c.MaxEntries, "max-entries", control.DefaultMaxEntries, "ids or MACs of one request")
	f.Int64Var(&c.MaxBody, "max-body", door.DefaultMaxBody, "bytes of one request's body")
	f.DurationVar(&c.TokenLife, "token-life", control.DefaultTokenLife, "how long an access token is valid")
	f.StringSliceVar(&c.TrustedProxies, "trusted-proxies", nil, "addresses or networks of proxies whose X-Forwarded-For is believed")
	f.StringVar(&c.Bootstrap, "bootstrap", "", "file for the first credentials (default: shown on standard output)")
	f.StringVar(&c.OIDC.Issuer, "oidc-issuer", "", "URL of an OpenID provider that operators can sign in with")
	f.StringVar(&c.OIDC.ClientID, "oidc-client-id", "", "what that provider calls this server")
	f.StringVar(&c.OIDC.SecretFile, "oidc-client-secret-file", "", "file with the secret that belongs to it")
	f.StringVar(&c.OIDC.Name, "oidc-name", "", "what people call the provider (default: its host)")
	f.StringVar(&c.OIDC.Claim, "oidc-claim", sso.DefaultClaim, "claim that names the operator")
	f.StringVar(&c.OIDC.Role, "oidc-role", "", "role of those whom the provider names and nobody knows (default: they are not let in)")
	return cmd
}
