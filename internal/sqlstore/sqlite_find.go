package sqlstore

import (
	"context"
	"strings"
)

// merged goes from device to device, each time in the stream that is behind: the
// queue of a recursive query gives out the smallest key first.
func (db *sqliteDB) merged(p part, begin, order, than, limit string) string {
	end := "9223372036854775807"
	if order != "" {
		end = "-1"
	}
	next := func(condition string) string {
		return "SELECT COALESCE((SELECT " + p.no + " FROM " + p.from + " WHERE " + p.where + condition + " ORDER BY " + p.no + order + " LIMIT 1), " + end + "), k.a, k.b FROM "
	}
	return "WITH RECURSIVE q (no, a, b) AS (" + next(begin) + p.keys + " UNION ALL " + next(" AND "+p.no+than+"k.no") +
		"q AS k WHERE k.no <> " + end + " ORDER BY 1" + order + " LIMIT " + limit + ") SELECT no FROM q WHERE no <> " + end
}

// searched goes through the index of words, in which every three letters in a
// row are one. All of a text's may be there without the text itself.
func (db *sqliteDB) searched(s search) stream {
	return stream{from: "words CROSS JOIN device_names AS s", no: "words.rowid", grants: bySearch, own: func(b *binder) string {
		return "words MATCH " + b.put(match(s)) + " AND s.device = words.rowid AND s.account = " + b.put(s.account)
	}, asked: func(b *binder) string { return s.like(b, "s") }}
}

// maxTrigrams is how many words of a long search the index is asked for.
const maxTrigrams = 24

func match(s search) string {
	letters := []rune(s.wanted)
	var words []string
	known := map[string]bool{}
	for i := 0; i+shortest <= len(letters) && len(words) < maxTrigrams; i++ {
		if word := string(letters[i : i+shortest]); !known[word] {
			known[word] = true
			words = append(words, `"`+strings.ReplaceAll(word, `"`, `""`)+`"`)
		}
	}
	return "{" + strings.Join(s.columns(), " ") + "} : (" + strings.Join(words, " AND ") + ")"
}

// queryAsIs is query: the plans of these queries are given by their texts.
func (db *sqliteDB) queryAsIs(ctx context.Context, text string, args ...any) (rows, error) {
	return db.query(ctx, text, args...)
}

const indexedWords = "device, folded, nick, users, addresses FROM device_names WHERE device "

func (s *sqliteSession) index(ctx context.Context, devices []int64) error {
	these, arg := s.among(1, numbers("device", devices))
	return s.later(ctx, "INSERT INTO words (rowid, folded, nick, users, addresses) SELECT "+indexedWords+these, arg)
}

func (s *sqliteSession) forget(ctx context.Context, devices []int64) error {
	these, arg := s.among(1, numbers("device", devices))
	return s.later(ctx, "INSERT INTO words (words, rowid, folded, nick, users, addresses) SELECT 'delete', "+indexedWords+these, arg)
}
