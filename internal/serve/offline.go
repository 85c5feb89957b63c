package serve

import (
	"context"
	"os"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/keys"
	"reeve/internal/sqlstore"
)

// VerifyLogs checks the logs of all accounts in the data folder itself, with a
// server running on it or not. Kept are checkpoints from elsewhere; those that
// the server kept beside the database count too.
func VerifyLogs(ctx context.Context, c Config, kept []reeve.Checkpoint) ([]control.Verdict, error) {
	own, err := existingKeys(c)
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.OpenReadOnly(ctx, c.database(), own.Head())
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if err := store.Belong(ctx, own.Pin()); err != nil {
		return nil, err
	}
	if beside, err := os.Open(c.checkpoints()); err == nil {
		more, err := ReadCheckpoints(beside)
		beside.Close()
		if err != nil {
			return nil, err
		}
		kept = append(kept, more...)
	}
	accounts, err := store.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	var verdicts []control.Verdict
	for _, a := range accounts {
		v, err := control.VerifyLog(ctx, store, a, own.Verifier(), kept)
		if err != nil {
			return nil, err
		}
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}

// ResetOperator gives an operator a new password, which it returns. The server
// must be stopped if the store is SQLite.
func ResetOperator(ctx context.Context, c Config, name string) (string, error) {
	own, err := existingKeys(c)
	if err != nil {
		return "", err
	}
	store, err := sqlstore.Open(ctx, c.database(), own.Head())
	if err != nil {
		return "", err
	}
	defer store.Close()
	password, err := control.New(store, own.Seal, nil, control.Options{}).ResetOperator(ctx, name)
	if reeve.KindOf(err) == reeve.NotFound {
		err = reeve.Errorf(reeve.NotFound, "there is no operator %q; the first one is admin, that of a further account admin@ACCOUNT", name).Because(err)
	}
	return password, err
}

// existingKeys opens the keys of a server that was there before, and makes none.
func existingKeys(c Config) (*keys.Keys, error) {
	if c.Data == "" {
		return nil, reeve.Errorf(reeve.Invalid, "name the server's data folder with --data DIR")
	}
	if err := c.checkDatabase(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(c.keysDir()); err != nil {
		return nil, reeve.Errorf(reeve.NotFound, "there are no keys in %s; name the data folder of a server that has run, and its --keys", c.keysDir()).Because(err)
	}
	return keys.Open(c.keysDir(), time.Now)
}
