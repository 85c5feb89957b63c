package sqlstore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"reeve"
)

// sqliteSession is the transaction of the connection that writes, or of one that
// reads.
type sqliteSession struct {
	*sqliteConn
	db   *sqliteDB
	home chan *sqliteConn // where the connection is when nobody uses it
}

func (db *sqliteDB) begin(ctx context.Context) (session, error) {
	if db.writer == nil {
		return nil, errors.New("the store was opened for reading only")
	}
	return db.start(ctx, db.writer, "BEGIN IMMEDIATE")
}

func (db *sqliteDB) look(ctx context.Context) (session, error) {
	return db.start(ctx, db.reader, "BEGIN")
}

func (db *sqliteDB) start(ctx context.Context, home chan *sqliteConn, how string) (session, error) {
	select {
	case conn := <-home:
		s := &sqliteSession{conn, db, home}
		if _, err := s.exec(ctx, how); err != nil {
			home <- conn
			return nil, err
		}
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *sqliteSession) exec(ctx context.Context, text string, args ...any) (int64, error) {
	statement, err := s.prepare(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := statement.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s *sqliteSession) later(ctx context.Context, text string, args ...any) error {
	_, err := s.exec(ctx, text, args...)
	return err
}

func (s *sqliteSession) list(name string, first int, columns ...column) (string, []any) {
	return sqliteList(name, first, columns...)
}

func (s *sqliteSession) among(number int, values column) (string, any) {
	return sqliteAmong(number, values)
}

// locking has nothing to do: there is one writer.
func (s *sqliteSession) locking(text string) string { return text }

func (s *sqliteSession) commit(ctx context.Context) error {
	_, err := s.exec(context.WithoutCancel(ctx), "COMMIT")
	if err != nil {
		s.rollback()
		return err
	}
	s.home <- s.sqliteConn
	s.db.committed()
	return nil
}

func (s *sqliteSession) rollback() {
	// It fails only if SQLite has already rolled back by itself.
	_, _ = s.exec(context.Background(), "ROLLBACK")
	s.home <- s.sqliteConn
}

// Numbers of erased devices are not given out again, since their rows stay.
func (s *sqliteSession) deviceNumbers(ctx context.Context, n int) ([]int64, error) {
	last, _, err := first(ctx, s, number, "SELECT COALESCE(MAX(no), 0) FROM devices")
	if err != nil {
		return nil, err
	}
	given := make([]int64, n)
	for i := range given {
		given[i] = last + int64(i) + 1
	}
	return given, nil
}

// chunk is small, since larger chunks are no faster and hold more memory.
func (s *sqliteSession) chunk() int { return 5000 }

// A row that crosses from SQLite to Go costs more than finding it. So targets
// come back in one text: words in hexadecimal and decimal, separated by spaces.
const sqliteTarget = `d.no || ' ' || d.class || ' ' || COALESCE(hex(d.key), '') || ' '`

func (s *sqliteSession) findIDs(ctx context.Context, found []reeve.Match, account int64, ids []string, entries []int32) ([]reeve.Match, error) {
	const query = `SELECT COALESCE(string_agg(j.key || ' ' || ` + sqliteTarget + `, ''), '')
		FROM json_each($2) AS j CROSS JOIN devices AS d
		WHERE d.account = $1 AND d.id = j.value AND ` + live
	devices, _, err := first(ctx, s, number, "SELECT COALESCE(MAX(no), 0) FROM devices")
	if err != nil {
		return nil, err
	}
	if int64(len(ids)) > devices/2 {
		return s.scanIDs(ctx, found, account, ids, entries)
	}
	var list []byte
	for chunk := range slices.Chunk(ids, s.chunk()) {
		list = append(list[:0], '[')
		for _, id := range chunk {
			list = append(append(append(list, '"'), id...), '"', ',')
		}
		list[len(list)-1] = ']'
		packed, err := s.text(ctx, query, account, string(list))
		if err != nil {
			return nil, err
		}
		for len(packed) > 0 {
			var key int64
			var t reeve.Target
			key, packed = cutNumber(packed)
			if t, packed, err = cutTarget(packed); err != nil {
				return nil, err
			}
			found = append(found, reeve.Match{Entry: entries[key], Target: t})
		}
		entries = entries[len(chunk):]
	}
	return found, nil
}

// scanIDs is findIDs for ids that name a good part of all devices: then it is
// cheaper to read the index from end to end beside the sorted ids than to search
// it for each. The plus keeps the planner to that index.
func (s *sqliteSession) scanIDs(ctx context.Context, found []reeve.Match, account int64, ids []string, entries []int32) ([]reeve.Match, error) {
	// Without the order, SQLite reads a small table as it likes.
	const query = `SELECT COALESCE(string_agg(d.id || ' ' || ` + sqliteTarget + `, ''), '')
		FROM (SELECT no, id, class, key FROM devices AS d
			WHERE +d.account = $1 AND d.id BETWEEN $2 AND $3 AND ` + live + ` ORDER BY d.id) AS d`
	next := 0
	for chunk := range slices.Chunk(ids, s.chunk()) {
		packed, err := s.text(ctx, query, account, chunk[0], chunk[len(chunk)-1])
		if err != nil {
			return nil, err
		}
		for len(packed) > 0 {
			var id string
			var t reeve.Target
			id, packed, _ = strings.Cut(packed, " ")
			if t, packed, err = cutTarget(packed); err != nil {
				return nil, err
			}
			for next < len(ids) && ids[next] < id {
				next++
			}
			for next < len(ids) && ids[next] == id {
				found = append(found, reeve.Match{Entry: entries[next], Target: t})
				next++
			}
		}
	}
	return found, nil
}

func (s *sqliteSession) walk(ctx context.Context, account, group, after int64, limit int) ([]reeve.Target, error) {
	where, args := walkCondition(account, group, after, limit)
	packed, err := s.text(ctx, "SELECT COALESCE(string_agg("+sqliteTarget+", ''), '') FROM (SELECT no, class, key "+
		"FROM devices AS d WHERE "+where+" ORDER BY d.no LIMIT $3) AS d", args...)
	if err != nil {
		return nil, err
	}
	targets := make([]reeve.Target, 0, strings.Count(packed, " ")/3)
	for len(packed) > 0 {
		var t reeve.Target
		if t, packed, err = cutTarget(packed); err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func (s *sqliteSession) text(ctx context.Context, query string, args ...any) (string, error) {
	text, _, err := first(ctx, s, func(r rows) (v string, err error) { return v, r.Scan(&v) }, query, args...)
	return text, err
}

func (s *sqliteSession) setExemptions(ctx context.Context, devices []int64, kind reeve.Exemption, until int64) error {
	list, args := s.list("r", 3, numbers("device", devices))
	return s.later(ctx, `INSERT INTO exemptions (device, kind, until) SELECT device, $1, $2 FROM `+list+` WHERE TRUE
		ON CONFLICT (device) DO UPDATE SET kind = excluded.kind, until = excluded.until`, append([]any{int64(kind), until}, args...)...)
}

// cutNumber reads the number before the first space and returns what is behind it.
func cutNumber(packed string) (int64, string) {
	var n int64
	for i := range len(packed) {
		if packed[i] == ' ' {
			return n, packed[i+1:]
		}
		n = n*10 + int64(packed[i]-'0')
	}
	return n, ""
}

func cutTarget(packed string) (t reeve.Target, rest string, err error) {
	t.No, packed = cutNumber(packed)
	class, packed := cutNumber(packed)
	t.Class = int32(class)
	digits, rest, _ := strings.Cut(packed, " ")
	if _, err := hex.Decode(t.Key[:], []byte(digits)); err != nil {
		return t, "", fmt.Errorf("reading the key of device %d: %w", t.No, err)
	}
	return t, rest, nil
}
