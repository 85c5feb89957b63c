package sqlstore

import (
	"context"
	"time"

	"reeve"
)

var (
	noFactor       = reeve.Errorf(reeve.NotFound, "this operator has no authenticator app")
	noRecoveryCode = reeve.Errorf(reeve.NotFound, "there is no such recovery code")
	codeWasTaken   = reeve.Errorf(reeve.Conflict, "this code was used already; wait for the next one")
)

// Factor returns an operator's authenticator app.
func (s *Store) Factor(ctx context.Context, operator string) (reeve.Factor, error) {
	return must[reeve.Factor](noFactor)(first(ctx, s.db, func(r rows) (f reeve.Factor, err error) {
		var confirmed int64
		err = r.Scan(&f.Operator, &f.Secret, &confirmed, &f.Step)
		f.Confirmed = fromMicro(confirmed)
		return f, err
	}, "SELECT operator, secret, confirmed, step FROM factors WHERE operator = $1", operator))
}

// SetFactor stores an operator's authenticator app and recovery codes.
func (s *Store) SetFactor(ctx context.Context, f reeve.Factor, codes []string, entries ...reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if err := t.holdOperator(f.Operator); err != nil {
			return err
		}
		t.log(entries...)
		if err := t.endFactor(f.Operator); err != nil {
			return err
		}
		for _, code := range codes {
			if err := t.later("INSERT INTO recovery_codes (operator, hash) VALUES ($1, $2)", f.Operator, code); err != nil {
				return err
			}
		}
		return t.later("INSERT INTO factors (operator, secret, confirmed, step) VALUES ($1, $2, $3, $4)",
			f.Operator, f.Secret, micro(f.Confirmed), f.Step)
	})
}

// RemoveFactor removes an operator's authenticator app.
func (s *Store) RemoveFactor(ctx context.Context, account int64, operator string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.lockOperator(account, operator); err != nil {
			return err
		}
		t.log(entry)
		return t.endFactor(operator)
	})
}

func (t *tx) endFactor(operator string) error {
	if err := t.later("DELETE FROM factors WHERE operator = $1", operator); err != nil {
		return err
	}
	return t.later("DELETE FROM recovery_codes WHERE operator = $1", operator)
}

// UseStep notes which code was taken.
func (s *Store) UseStep(ctx context.Context, operator string, step int64) error {
	return s.change(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE factors SET step = $2 WHERE operator = $1 AND step < $2", operator, step)
		if err == nil && n == 0 {
			err = codeWasTaken
		}
		return err
	})
}

// UseRecoveryCode removes a recovery code.
func (s *Store) UseRecoveryCode(ctx context.Context, operator, hash string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		n, err := t.exec("DELETE FROM recovery_codes WHERE operator = $1 AND hash = $2", operator, hash)
		if err == nil && n == 0 {
			return noRecoveryCode
		}
		t.log(entry)
		return err
	})
}

// RecoveryCodes returns how many recovery codes an operator has.
func (s *Store) RecoveryCodes(ctx context.Context, operator string) (int64, error) {
	n, _, err := first(ctx, s.db, number, "SELECT COUNT(*) FROM recovery_codes WHERE operator = $1", operator)
	return n, err
}

// AddFailure counts a failed sign-in against keys.
func (s *Store) AddFailure(ctx context.Context, now, forget time.Time, keys ...string) (counts []int64, err error) {
	err = s.change(ctx, func(t *tx) error {
		counts = nil
		if err := t.later("DELETE FROM failed_sign_ins WHERE last <= $1", micro(forget)); err != nil {
			return err
		}
		for _, key := range keys {
			n, _, err := first(ctx, t, number, `INSERT INTO failed_sign_ins (key, failed, last) VALUES ($1, 1, $2)
				ON CONFLICT (key) DO UPDATE SET failed = failed_sign_ins.failed + 1, last = excluded.last RETURNING failed`, clean(key), micro(now))
			if err != nil {
				return err
			}
			counts = append(counts, n)
		}
		return nil
	})
	return counts, err
}

// Failures returns the failed sign-ins of keys.
func (s *Store) Failures(ctx context.Context, keys ...string) ([]reeve.Failures, error) {
	out := make([]reeve.Failures, len(keys))
	for i, key := range keys {
		var err error
		out[i], _, err = first(ctx, s.db, func(r rows) (f reeve.Failures, err error) {
			var last int64
			err = r.Scan(&f.Count, &last)
			f.Last = fromMicro(last)
			return f, err
		}, "SELECT failed, last FROM failed_sign_ins WHERE key = $1", clean(key))
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ForgetFailures forgets the failed sign-ins of a key.
func (s *Store) ForgetFailures(ctx context.Context, key string) error {
	return s.change(ctx, func(t *tx) error { return t.later("DELETE FROM failed_sign_ins WHERE key = $1", clean(key)) })
}
