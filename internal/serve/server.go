package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"reeve"
	"reeve/docs"
	"reeve/internal/api"
	"reeve/internal/blob"
	"reeve/internal/cmapi"
	"reeve/internal/console"
	"reeve/internal/control"
	"reeve/internal/courier"
	"reeve/internal/depot"
	"reeve/internal/door"
	"reeve/internal/gate"
	"reeve/internal/keys"
	"reeve/internal/link"
	"reeve/internal/manifest"
	"reeve/internal/outbound"
	"reeve/internal/reference"
	"reeve/internal/sqlstore"
	"reeve/internal/watch"
)

// A Server is a running server. Once Open has returned it, both its ports
// answer.
type Server struct {
	URL    string // of the APIs, as others reach it
	Agents string // HOST:PORT of the agents' bus, as others reach it
	Pin    string // empty without TLS
	CA     []byte // certificate of the root, PEM; empty without TLS or with a certificate of one's own

	Rules *control.Control
	Store *sqlstore.Store
	Bus   *courier.Courier

	config   Config
	proxies  []netip.Prefix
	web      *http.Server
	silent   silent // connections of web
	files    *blob.Folder
	sets     *blob.Folder // contents of signature sets
	book     *manifest.Book
	sender   *outbound.Sender
	failed   chan error
	stopping chan struct{}      // closed when the server begins to stop
	stop     context.CancelFunc // ends the sweeps
	sweeps   sync.WaitGroup
}

// How long a server that was told to stop waits for what is under way.
const drainFor = 20 * time.Second

// Limits on connections of the HTTPS port.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 5 * time.Minute // an upload over a slow line
	writeTimeout  = 5 * time.Minute
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// Open starts a server. An error leaves nothing running.
func Open(ctx context.Context, c Config) (*Server, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: c, failed: make(chan error, 1), stopping: make(chan struct{})}
	if err := s.open(ctx); err != nil {
		s.Close(ctx)
		return nil, err
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	c := s.config
	if err := c.check(); err != nil {
		return err
	}
	rules, err := c.rules()
	if err != nil {
		return err
	}
	if s.proxies, err = c.proxies(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return reeve.Errorf(reeve.Invalid, "cannot make the folder of --data; check the path and its rights").Because(err)
	}
	own, err := keys.Open(c.keysDir(), time.Now)
	if err != nil {
		return err
	}
	if s.Store, err = sqlstore.Open(ctx, c.database(), own.Head()); err != nil {
		return err
	}
	if err := s.Store.Belong(ctx, own.Pin()); err != nil {
		return err
	}
	if s.files, err = blob.Open(filepath.Join(c.Data, "blobs")); err != nil {
		return err
	}
	if s.sets, err = blob.Open(filepath.Join(c.Data, "sets")); err != nil {
		return err
	}
	s.book = manifest.New(s.Store, own.Seal, time.Now)
	vault, err := own.Vault("outlets")
	if err != nil {
		return err
	}
	rules.Checkpoint, rules.Contents = checkpointFile{c.checkpoints()}.add, s.sets
	rules.Seal, rules.Unseal = vault.Seal, vault.Open
	ports, err := prepare(&c, own)
	if err != nil {
		return err
	}
	if err := c.waysIn(&rules, own, ports.url); err != nil {
		return err
	}
	s.Rules = control.New(s.Store, own.Seal, nil, rules)
	s.sender = outbound.New(outbound.Config{
		Store: s.Store, Folder: filepath.Join(c.Data, "exports"), Open: vault.Open, Line: api.Line, Log: c.Log,
	})
	s.URL, s.Agents, s.Pin, s.CA = ports.url, ports.agentsPublic, ports.pin, ports.ca
	if err := s.setUp(ctx); err != nil {
		return err
	}
	s.Bus, err = courier.Open(ctx, courier.Options{
		Listen: c.Agents, TLS: ports.agentsTLS, Orders: s.Store, Presence: s.Store,
		Recognise: s.Rules.Recognise, Check: s.Rules.CheckReports, Discover: s.Rules.Discover, Key: own.Seal, Settings: s.book, Log: c.Log,
	})
	if err != nil {
		return err
	}
	s.Rules.Attach(s.Bus)
	s.web = &http.Server{
		Handler: s.routes(ports.identity, s.files, own), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ConnState: s.silent.note,
		ErrorLog:  slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	listener, err := ports.listen(c.Listen)
	if err != nil {
		return err
	}
	sweeps, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.sweeps.Go(func() { s.Rules.Run(sweeps) })
	s.sweeps.Go(func() { s.prune(sweeps) })
	s.sweeps.Go(func() { s.sender.Run(sweeps) })
	go func() {
		if err := s.web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	return nil
}

// pruneEvery is how often uploaded files are looked through for old ones.
const pruneEvery = time.Hour

// prune removes uploaded files that can no longer be fetched, until ctx ends.
func (s *Server) prune(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		if n, err := s.pruneFiles(ctx); err != nil && ctx.Err() == nil {
			s.config.Log.Error("old uploads could not be removed", "err", err)
		} else if n > 0 {
			s.config.Log.Info("removed old uploads", "files", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// pruneFiles removes what is older than any account wants its results kept, and
// contents that no signature set names any more.
func (s *Server) pruneFiles(ctx context.Context) (int, error) {
	accounts, err := s.Store.Accounts(ctx)
	if err != nil || len(accounts) == 0 {
		return 0, err
	}
	var days int64
	for _, a := range accounts {
		days = max(days, control.Effective(a.Settings).KeepReportsDays)
	}
	removed, err := s.files.Prune(ctx, time.Now().AddDate(0, 0, -int(days)), nil)
	if err != nil {
		return removed, err
	}
	named := map[string]bool{}
	for _, a := range accounts {
		digests, err := s.Store.SetFiles(ctx, a.No)
		if err != nil {
			return removed, err
		}
		for digest := range digests {
			named[reeve.ContentName(a.No, digest)] = true
		}
	}
	n, err := s.sets.Prune(ctx, time.Now().Add(-control.UnnamedFor), func(name string) bool { return named[name] })
	return removed + n, err
}

// routes is everything that the HTTPS port answers.
func (s *Server) routes(identity link.Identity, files *blob.Folder, own *keys.Keys) http.Handler {
	public := strings.TrimSuffix(s.URL, "/")
	published := cmapi.Config{
		Rules: s.Rules, Accounts: s.Store, Devices: s.Store, Groups: s.Store, Jobs: s.Store, Threats: s.Store, Trail: s.Store, Files: files, MaxBody: s.config.MaxBody,
		Public: public, Mark: own.Mark, AnswerMark: own.AnswerMark,
	}
	jobs := watch.New(watch.Config{Look: s.Store.JobsByID, Stopping: s.stopping})
	packages := depot.Open(filepath.Join(s.config.Data, "downloads"))
	verify := func(ctx context.Context, a reeve.Account) (control.Verdict, error) {
		return control.VerifyLog(ctx, s.Store, a, own.Verifier(), nil)
	}
	doors := door.Open(door.Config{Keeper: s.Rules, Log: s.config.Log, Proxies: s.proxies, MaxBody: s.config.MaxBody},
		cmapi.Routes(published), cmapi.Pages(published),
		api.Routes(api.Config{
			Link: func(license string, command reeve.CommandID) string {
				return public + cmapi.AnswerPath(license, command.String(), own.AnswerMark(license, command.String()))
			},
			Rules: s.Rules, Store: s.Store, Jobs: jobs, Version: s.config.Version, Stopping: s.stopping, Sample: s.sender.Test, MaxBody: s.config.MaxBody,
			Verify: verify,
		}),
		console.Routes(console.Config{
			Rules: s.Rules, Verify: verify, Sample: s.sender.Test, Public: public, Pin: s.Pin, Jobs: jobs, Files: files,
			Packages: packages,
		}),
		gate.Routes(gate.Config{Rules: s.Rules, Files: files, Pulse: s.Bus, Settings: s.book, Sets: s.sets, Identity: identity, Agents: s.Agents, AgentsTLS: s.Pin != ""}),
	)
	site := reference.Site(docs.Files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, isEntrance := console.Entrance(r)
		switch { // a mux in front of the doors would redirect what they refuse
		case isEntrance:
			w.Header().Set("Location", page)
			w.WriteHeader(http.StatusSeeOther)
		case r.URL.Path == "/healthz":
			io.WriteString(w, "ok\n")
		case r.URL.Path == "/readyz":
			s.ready(w, r)
		case strings.HasPrefix(r.URL.Path, depot.Prefix):
			packages.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, reference.Prefix):
			site.ServeHTTP(w, r)
		default:
			doors.ServeHTTP(w, r)
		}
	})
}

// ready tells a balancer whether requests would be served.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.Store.Ping(r.Context()); err != nil {
		s.config.Log.Warn("not ready", "err", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

// setUp creates the first account on an empty store and hands out its
// credentials before they are stored: to the file of --bootstrap, or to Show.
func (s *Server) setUp(ctx context.Context) error {
	file := bootstrapFile{s.config.Bootstrap}
	_, err := s.Rules.SetUp(ctx, func(b control.Bootstrap) error {
		shown := newBootstrap(s.URL, s.Pin, b)
		switch {
		case file.path != "":
			return file.write(shown)
		case s.config.Show != nil:
			s.config.Show(shown)
		}
		return nil
	})
	if err != nil || file.path == "" {
		return err
	}
	return file.finish(func(clientID string) (bool, error) {
		_, err := s.Store.App(ctx, clientID)
		if reeve.KindOf(err) == reeve.NotFound {
			return false, nil
		}
		return err == nil, err
	})
}

// Wait returns when ctx ends, or with the error of a port that failed.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return fmt.Errorf("serving the API: %w", err)
	}
}

// Close finishes what is under way and closes everything. It may be called on a
// server that was opened in part.
func (s *Server) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	var errs []error
	close(s.stopping)
	if s.web != nil {
		impatience := time.AfterFunc(patience, s.silent.close)
		errs = append(errs, s.web.Shutdown(ctx))
		impatience.Stop()
	}
	if s.Bus != nil {
		errs = append(errs, s.Bus.Close(ctx))
	}
	if s.stop != nil {
		s.stop()
		s.sweeps.Wait()
	}
	if s.files != nil {
		errs = append(errs, s.files.Close())
	}
	if s.sets != nil {
		errs = append(errs, s.sets.Close())
	}
	if s.Store != nil {
		errs = append(errs, s.Store.Close())
	}
	return errors.Join(errs...)
}
