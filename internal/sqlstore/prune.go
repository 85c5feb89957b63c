package sqlstore

import (
	"context"
	"encoding/hex"
	"time"

	"reeve"
)

// pruneRows is how many rows of a log one transaction removes, more only if no
// checkpoint comes earlier.
const pruneRows = 10_000

var errPruned = reeve.Errorf(reeve.Conflict, "the checkpoint up to which the log would be pruned is not of the row that is there; verify the log")

// PruneLog removes the rows up to a checkpoint.
func (s *Store) PruneLog(ctx context.Context, account int64, before time.Time, entry reeve.AuditEntry) (int64, error) {
	var removed int64
	err := s.change(ctx, func(t *tx) error {
		if _, err := t.lockAccount(account); err != nil { // of several servers one prunes
			return err
		}
		begin, found, err := first(t.ctx, t, number, "SELECT seq FROM audit WHERE account = $1 ORDER BY seq LIMIT 1", account)
		if err != nil || !found {
			return err
		}
		cut, found, err := t.findCut(account, begin, before)
		if err != nil || !found {
			return err
		}
		hash, _, err := first(t.ctx, t, func(r rows) (hash []byte, err error) { return hash, r.Scan(&hash) },
			"SELECT hash FROM audit WHERE account = $1 AND seq = $2", account, cut.Seq)
		if err != nil {
			return err
		}
		if toHash(hash) != cut.Hash {
			return errPruned
		}
		removed = cut.Seq - begin + 1
		entry.Detail, err = encode(reeve.Pruned{Through: cut.Seq, Hash: hex.EncodeToString(cut.Hash[:]), Rows: removed}, false)
		if err != nil {
			return err
		}
		t.log(entry)
		for _, statement := range []string{
			"DELETE FROM audit WHERE account = $1 AND seq <= $2",
			"DELETE FROM checkpoints WHERE account = $1 AND seq < $2",
			"DELETE FROM log_devices WHERE list IN (SELECT no FROM log_lists WHERE account = $1 AND seq <= $2)",
			"DELETE FROM log_lists WHERE account = $1 AND seq <= $2",
			// The last sum of each kind stays: later ones go on from it.
			`DELETE FROM log_sums WHERE kind IN (SELECT no FROM log_kinds WHERE account = $1) AND seq <= $2 AND seq <
				(SELECT MAX(s.seq) FROM log_sums AS s WHERE s.kind = log_sums.kind AND s.seq <= $2)`,
		} {
			if err := t.later(statement, account, cut.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	return removed, err
}

// findCut returns the checkpoint to prune up to: the furthest within pruneRows,
// or the next.
func (t *tx) findCut(account, begin int64, before time.Time) (reeve.Checkpoint, bool, error) {
	const query = "SELECT account, seq, hash, at FROM checkpoints WHERE account = $1 AND at < $2 AND seq >= $3 "
	cut, found, err := first(t.ctx, t, scanHead, query+"AND seq < $4 ORDER BY seq DESC LIMIT 1", account, micro(before), begin, begin+pruneRows)
	if found || err != nil {
		return cut, found, err
	}
	return first(t.ctx, t, scanHead, query+"ORDER BY seq LIMIT 1", account, micro(before), begin)
}

// pruneCommands is how many commands one transaction removes: the only writer of
// SQLite is held for some hundredths of a second.
const pruneCommands = 5000

// PruneJobs removes the oldest jobs that nothing needs any more, or some commands
// of one with very many. Such a job first leaves its account for one that is not,
// the negative, where nobody finds it, and then shrinks from its end.
func (s *Store) PruneJobs(ctx context.Context, account int64, before time.Time) (int64, error) {
	var removed int64
	err := s.change(ctx, func(t *tx) error {
		if _, err := t.lockAccount(account); err != nil {
			return err
		}
		jobs, err := t.unneeded(account, before)
		if err != nil || len(jobs) == 0 {
			return err
		}
		if job := jobs[0]; job.targets > pruneCommands {
			removed = pruneCommands
			return t.shrink(job, -account)
		}
		var ids []int64
		for _, job := range jobs {
			if removed += job.targets; removed > pruneCommands {
				removed -= job.targets
				break
			}
			removed++
			ids = append(ids, job.id)
		}
		these, arg := t.among(1, numbers("id", ids))
		for _, statement := range []string{"DELETE FROM command_notes WHERE job ", "DELETE FROM commands WHERE job ",
			"DELETE FROM log_jobs WHERE job ", "DELETE FROM jobs WHERE id "} {
			if err := t.later(statement+these, arg); err != nil {
				return err
			}
		}
		return nil
	})
	return removed, err
}

// shrink removes the last commands of a job. PostgreSQL is told where they end,
// so that it does not look through those that went before.
func (t *tx) shrink(job unneededJob, account int64) error {
	left := job.targets - pruneCommands
	for _, table := range []string{"command_notes", "commands"} {
		if err := t.later("DELETE FROM "+table+" WHERE job = $1 AND leaf >= $2 AND leaf < $3", job.id, left, job.targets); err != nil {
			return err
		}
	}
	return t.later("UPDATE jobs SET account = $2, targets = $3 WHERE id = $1", job.id, account, left)
}

type unneededJob struct{ id, targets int64 }

// unneeded returns the job that is going already, or else the oldest that
// nothing needs. Reports may come until a job's end, and rows of the log name
// what they ended, so the log must begin behind that.
func (t *tx) unneeded(account int64, before time.Time) ([]unneededJob, error) {
	scan := func(r rows) (j unneededJob, err error) { return j, r.Scan(&j.id, &j.targets) }
	going, err := all(t.ctx, t, scan, "SELECT id, targets FROM jobs WHERE account = $1 LIMIT 1", -account)
	if err != nil || len(going) > 0 {
		return going, err
	}
	return all(t.ctx, t, scan, `SELECT j.id, j.targets FROM jobs AS j WHERE j.account = $1 AND j.id < $2
		AND j.finish_by < (SELECT MIN(a.at) FROM audit AS a WHERE a.account = $1)
		AND NOT EXISTS (SELECT 1 FROM open_jobs AS o WHERE o.job = j.id)
		AND NOT EXISTS (SELECT 1 FROM effect_ends AS e WHERE e.job = j.id)
		AND NOT EXISTS (SELECT 1 FROM repeats AS r WHERE r.account = $1 AND r.job = j.id)
		AND NOT EXISTS (SELECT 1 FROM audit AS a WHERE a.job = j.id AND a.job <> 0)
		ORDER BY j.id LIMIT 500`, account, int64(reeve.FirstJobID(before)))
}
