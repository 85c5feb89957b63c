package sqlstore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"time"

	"reeve"
)

const thisClaim = " WHERE account = $1 AND actor = $2 AND route = $3 AND key = $4"

var errTakenOver = reeve.Errorf(reeve.Conflict, "a repeat of this request took over, since this one took too long; ask with its Idempotency-Key again")

// claimArgs are the arguments of thisClaim, and more.
func claimArgs(c reeve.Claim, more ...any) []any {
	key := sha256.Sum256([]byte(c.Key.Key))
	return append([]any{c.Account, c.Key.Actor, clean(c.Key.Route), key[:]}, more...)
}

// Claim grants the right to carry out a request, or tells how far it has come.
func (s *Store) Claim(ctx context.Context, c reeve.Claim, now, lease time.Time) (found reeve.Standstill, err error) {
	found, free, err := s.standstill(ctx, s.db, c, now)
	if err != nil || !free {
		return found, err
	}
	err = s.change(ctx, func(t *tx) error {
		if err := t.later("DELETE FROM claims"+thisClaim+" AND until <= $5", claimArgs(c, micro(now))...); err != nil {
			return err
		}
		n, err := t.exec(`INSERT INTO claims (account, actor, route, key, body, holder, state, lease, answer, until)
			VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9) ON CONFLICT DO NOTHING`,
			claimArgs(c, c.Key.Body[:], c.Holder, micro(lease), []byte{}, micro(c.Key.Until))...)
		if err == nil && n == 0 {
			n, err = t.exec("UPDATE claims SET holder = $5, lease = $6"+thisClaim+" AND state = 0 AND lease <= $7 AND body = $8",
				claimArgs(c, c.Holder, micro(lease), micro(now), c.Key.Body[:])...)
		}
		if err != nil || n > 0 {
			found = reeve.Standstill{Mine: true, Body: c.Key.Body}
			return err
		}
		found, _, err = s.standstill(ctx, t, c, now)
		return err
	})
	return found, err
}

// standstill reads how far the request with this key has come, and whether it
// may be there to be claimed.
func (s *Store) standstill(ctx context.Context, q querier, c reeve.Claim, now time.Time) (reeve.Standstill, bool, error) {
	var lease, until int64
	found, known, err := first(ctx, q, func(r rows) (v reeve.Standstill, err error) {
		var body []byte
		err = r.Scan(&v.State, &body, &v.Answer, &lease, &until)
		v.Body, v.Lease = toHash(body), fromMicro(lease)
		return v, err
	}, "SELECT state, body, answer, lease, until FROM claims"+thisClaim, claimArgs(c)...)
	if err != nil {
		return found, false, err
	}
	same := found.Body == c.Key.Body
	free := !known || until <= micro(now) || same && found.State == reeve.Claimed && lease <= micro(now)
	if !free && same && found.State == reeve.Answered {
		found.Answer, err = s.unsealAnswer(c, found.Answer)
	}
	return found, free, err
}

// Answer keeps what was answered.
func (s *Store) Answer(ctx context.Context, c reeve.Claim, answer []byte) error {
	sealed := s.answerCipher(c).Seal(nil, nil, answer, nil)
	return s.change(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE claims SET state = $5, answer = $6"+thisClaim+" AND holder = $7",
			claimArgs(c, int64(reeve.Answered), sealed, c.Holder)...)
		if err == nil && n == 0 {
			err = errTakenOver
		}
		return err
	})
}

// Release forgets a claim under which nothing has changed, and ends the lease of
// another.
func (s *Store) Release(ctx context.Context, c reeve.Claim) error {
	return s.change(ctx, func(t *tx) error {
		if err := t.later("UPDATE claims SET lease = 0"+thisClaim+" AND holder = $5", claimArgs(c, c.Holder)...); err != nil {
			return err
		}
		return t.later("DELETE FROM claims"+thisClaim+" AND holder = $5 AND state = 0", claimArgs(c, c.Holder)...)
	})
}

// spend marks the claim that the context carries, so that the mark commits
// together with what the transaction changes.
func (t *tx) spend() error {
	c, ok := reeve.ClaimIn(t.ctx)
	if !ok {
		return nil
	}
	n, err := t.exec("UPDATE claims SET state = $5"+thisClaim+" AND holder = $6", claimArgs(c, int64(reeve.Spent), c.Holder)...)
	if err == nil && n == 0 {
		err = errTakenOver
	}
	return err
}

// answerCipher is that of one claim: its key comes from the server's and from
// the Idempotency-Key, which is stored hashed. An answer may hold a secret that
// is told once; the database alone does not give it away.
func (s *Store) answerCipher(c reeve.Claim) cipher.AEAD {
	key := s.head.Derive("reeve kept answer 1", fmt.Sprint(c.Account), c.Key.Actor, c.Key.Route, c.Key.Key)
	block, err := aes.NewCipher(key[:])
	if err == nil {
		var aead cipher.AEAD
		if aead, err = cipher.NewGCMWithRandomNonce(block); err == nil {
			return aead
		}
	}
	panic(err) // only for a key of another length
}

func (s *Store) unsealAnswer(c reeve.Claim, sealed []byte) ([]byte, error) {
	answer, err := s.answerCipher(c).Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("opening a kept answer: %w", err)
	}
	return answer, nil
}
