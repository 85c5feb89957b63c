package sqlstore

import (
	"context"

	"reeve"
)

var noLink = reeve.Errorf(reeve.NotFound, "there is no such link")

const linkColumns = "issuer, subject, account, operator, shown, created"

func scanLink(r rows) (l reeve.Link, err error) {
	var created int64
	err = r.Scan(&l.Issuer, &l.Subject, &l.Account, &l.Operator, &l.Shown, &created)
	l.Created = fromMicro(created)
	return l, err
}

// AddLink adds a link and replaces none.
func (s *Store) AddLink(ctx context.Context, l reeve.Link, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.lockOperator(l.Account, l.Operator); err != nil {
			return err
		}
		t.log(entry)
		_, err := t.exec("INSERT INTO links ("+linkColumns+") VALUES ($1, $2, $3, $4, $5, $6)",
			l.Issuer, l.Subject, l.Account, l.Operator, l.Shown, micro(l.Created))
		return conflict(err, "this operator, or this person at the provider, is linked to another; remove that link first")
	})
}

// Link finds a link.
func (s *Store) Link(ctx context.Context, issuer, subject string) (reeve.Link, error) {
	return must[reeve.Link](noLink)(first(ctx, s.db, scanLink,
		"SELECT "+linkColumns+" FROM links WHERE issuer = $1 AND subject = $2", issuer, subject))
}

// Links returns the operator's links, oldest first.
func (s *Store) Links(ctx context.Context, account int64, operator string) ([]reeve.Link, error) {
	return all(ctx, s.db, scanLink,
		"SELECT "+linkColumns+" FROM links WHERE operator = $1 AND account = $2 ORDER BY created, issuer", operator, account)
}

// RemoveLink removes the link of an operator with an issuer.
func (s *Store) RemoveLink(ctx context.Context, account int64, operator, issuer string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec("DELETE FROM links WHERE operator = $1 AND issuer = $2 AND account = $3", operator, issuer, account)
		if err == nil && n == 0 {
			err = noLink
		}
		return err
	})
}

// Expected returns the operator whom providers know under a name.
func (s *Store) Expected(ctx context.Context, name string) (string, error) {
	return must[string](noOperator)(first(ctx, s.db, word, "SELECT operator FROM expected_names WHERE name = $1", name))
}

func word(r rows) (word string, err error) { return word, r.Scan(&word) }

// endKeys takes from an operator whatever he could sign in with besides a
// password, and what is his alone.
func (t *tx) endKeys(operator string) error {
	for _, statement := range []string{
		"DELETE FROM passkeys WHERE operator = $1",
		"DELETE FROM links WHERE operator = $1",
		"DELETE FROM expected_names WHERE operator = $1",
		"DELETE FROM saved_views WHERE operator = $1",
	} {
		if err := t.later(statement, operator); err != nil {
			return err
		}
	}
	return nil
}
