package sqlstore

import (
	"context"
	"time"

	"reeve"
)

var (
	noSession = reeve.Errorf(reeve.NotFound, "there is no such session")
	noTicket  = reeve.Errorf(reeve.NotFound, "there is no such ticket")
)

const sessionColumns = "s.secret, s.id, s.operator, s.how, s.created, s.used, s.proved, s.expires, s.address, s.browser"

// sessionRow is where a row of sessionColumns is scanned to.
type sessionRow struct {
	session                        reeve.Session
	created, used, proved, expires int64
}

func (v *sessionRow) into() []any {
	s := &v.session
	return []any{&s.Secret, &s.ID, &s.Operator, &s.How, &v.created, &v.used, &v.proved, &v.expires, &s.Address, &s.Browser}
}

func (v *sessionRow) read() reeve.Session {
	s := v.session
	s.Created, s.Used, s.Proved, s.Expires = fromMicro(v.created), fromMicro(v.used), fromMicro(v.proved), fromMicro(v.expires)
	return s
}

// AddSession stores a session.
func (s *Store) AddSession(ctx context.Context, v reeve.Session, entries ...reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if err := t.holdOperator(v.Operator); err != nil {
			return err
		}
		t.log(entries...)
		now := micro(v.Created)
		for _, statement := range []string{"DELETE FROM sessions WHERE expires <= $1", "DELETE FROM tickets WHERE expires <= $1"} {
			if err := t.later(statement, now); err != nil {
				return err
			}
		}
		if err := t.later("DELETE FROM tickets WHERE operator = $1", v.Operator); err != nil {
			return err
		}
		if err := t.later("UPDATE operators SET signed_in = $2 WHERE name = $1", v.Operator, now); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO sessions (secret, id, operator, how, created, used, proved, expires, address, browser)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, v.Secret, v.ID, v.Operator, v.How, now, micro(v.Used),
			micro(v.Proved), micro(v.Expires), clean(v.Address), clean(v.Browser))
		return err
	})
}

// Session finds a session with its operator.
func (s *Store) Session(ctx context.Context, secret string, now time.Time) (reeve.Session, reeve.Operator, error) {
	var session reeve.Session
	found, err := joinRoles(all(ctx, s.db, func(r rows) (reeve.Operator, error) {
		var v sessionRow
		var o operatorRow
		err := r.Scan(append(v.into(), o.into()...)...)
		session = v.read()
		return o.read(), err
	}, "SELECT "+sessionColumns+", "+operatorColumns+" FROM "+operatorTables+` JOIN sessions AS s ON s.operator = o.name
		WHERE s.secret = $1 AND s.expires > $2 ORDER BY r.group_no`, secret, micro(now)))
	if err == nil && len(found) == 0 {
		err = noSession
	}
	if err != nil {
		return reeve.Session{}, reeve.Operator{}, err
	}
	return session, found[0], nil
}

// TouchSession stores when a session was used.
func (s *Store) TouchSession(ctx context.Context, v reeve.Session) error {
	return s.change(ctx, func(t *tx) error {
		return t.later("UPDATE sessions SET used = $2, proved = $3 WHERE secret = $1", v.Secret, micro(v.Used), micro(v.Proved))
	})
}

// Sessions returns the valid sessions of an operator.
func (s *Store) Sessions(ctx context.Context, account int64, operator string, now time.Time) ([]reeve.Session, error) {
	return all(ctx, s.db, func(r rows) (reeve.Session, error) {
		var v sessionRow
		err := r.Scan(v.into()...)
		return v.read(), err
	}, "SELECT "+sessionColumns+` FROM sessions AS s JOIN operators AS o ON o.name = s.operator
		WHERE s.operator = $1 AND o.account = $2 AND s.expires > $3 ORDER BY s.created DESC, s.id`, operator, account, micro(now))
}

// EndSession ends one session of an operator.
func (s *Store) EndSession(ctx context.Context, account int64, operator, id string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.lockOperator(account, operator); err != nil {
			return err
		}
		t.log(entry)
		n, err := t.exec("DELETE FROM sessions WHERE operator = $1 AND id = $2", operator, id)
		if err == nil && n == 0 {
			err = noSession
		}
		return err
	})
}

// EndSessions ends all sessions of an operator but one.
func (s *Store) EndSessions(ctx context.Context, account int64, operator, kept string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.lockOperator(account, operator); err != nil {
			return err
		}
		t.log(entry)
		return t.later("DELETE FROM sessions WHERE operator = $1 AND id <> $2", operator, kept)
	})
}

// endSessions ends what an operator is or may be signed in with by a password.
func (t *tx) endSessions(operator string) error {
	for _, statement := range []string{"DELETE FROM sessions WHERE operator = $1", "DELETE FROM tickets WHERE operator = $1"} {
		if err := t.later(statement, operator); err != nil {
			return err
		}
	}
	return nil
}

// AddTicket stores a ticket.
func (s *Store) AddTicket(ctx context.Context, v reeve.Ticket, entries ...reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if err := t.holdOperator(v.Operator); err != nil {
			return err
		}
		t.log(entries...)
		return t.addTicket(v)
	})
}

func (t *tx) addTicket(v reeve.Ticket) error {
	if err := t.later("DELETE FROM tickets WHERE operator = $1 AND step = $2", v.Operator, int64(v.Step)); err != nil {
		return err
	}
	return t.later("INSERT INTO tickets (secret, operator, step, expires) VALUES ($1, $2, $3, $4)",
		v.Secret, v.Operator, int64(v.Step), micro(v.Expires))
}

// Ticket finds a ticket.
func (s *Store) Ticket(ctx context.Context, secret string, now time.Time) (reeve.Ticket, error) {
	return must[reeve.Ticket](noTicket)(first(ctx, s.db, func(r rows) (v reeve.Ticket, err error) {
		var step, expires int64
		err = r.Scan(&v.Secret, &v.Operator, &step, &expires)
		v.Step, v.Expires = reeve.TicketStep(step), fromMicro(expires)
		return v, err
	}, "SELECT secret, operator, step, expires FROM tickets WHERE secret = $1 AND expires > $2", secret, micro(now)))
}

// SpendTicket removes a ticket.
func (s *Store) SpendTicket(ctx context.Context, secret string) error {
	return s.change(ctx, func(t *tx) error {
		n, err := t.exec("DELETE FROM tickets WHERE secret = $1", secret)
		if err == nil && n == 0 {
			err = noTicket
		}
		return err
	})
}
