package sqlstore

import "context"

// What is committed is first in a log beside the file, and has to be moved into
// the file before the log can begin anew. SQLite would do so within every
// commit that makes the log long enough, and that commit would wait; here it
// is done beside the writer.
const (
	tidyFrom  = 1000  // pages in the log that are worth it
	tidyAtAll = 16384 // pages, 64 MiB, from which the writer has to pause
)

// committed tells the tidying goroutine that there may be something to do.
func (db *sqliteDB) committed() {
	select {
	case db.untidy <- struct{}{}:
	default: // it has been told
	}
}

// tidy works until closing is closed.
func (db *sqliteDB) tidy() {
	defer close(db.tidied)
	ctx := context.Background()
	for {
		select {
		case <-db.untidy:
		case <-db.closing:
			return
		}
		// An error shows itself in the next commit, and the log only grows meanwhile.
		if pages, done, err := db.checkpoint(ctx, "NOOP"); err != nil || pages-done < tidyFrom {
			continue
		}
		pages, _, err := db.checkpoint(ctx, "PASSIVE")
		if err != nil || pages < tidyAtAll {
			continue
		}
		// While commits follow each other, the log never ends. Without a writer
		// it does, and the next commit begins a new one.
		writer := <-db.writer
		_, _, _ = db.checkpoint(ctx, "PASSIVE")
		db.writer <- writer
	}
}

// checkpoint returns how many pages the log has and how many of them are in the file.
func (db *sqliteDB) checkpoint(ctx context.Context, mode string) (pages, done int64, err error) {
	_, _, err = first(ctx, db, func(r rows) (busy int64, err error) { return busy, r.Scan(&busy, &pages, &done) },
		"PRAGMA wal_checkpoint("+mode+")")
	return pages, done, err
}
