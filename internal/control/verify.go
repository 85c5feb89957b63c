package control

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"reeve"
	"reeve/internal/seal"
)

// A Verdict is what checking one account's log found.
type Verdict struct {
	Account     string
	Rows        int64
	From        int64 // the oldest row that is kept; 0 for an empty log
	Checkpoints int
	// Fault says what is wrong and where, "" if the log is whole: no row was
	// edited, removed, reordered or cut off.
	Fault string
}

// A LogReader is what checking a log needs of a store.
type LogReader interface {
	Accounts(ctx context.Context) ([]reeve.Account, error)
	Log(ctx context.Context, account int64, q reeve.LogQuery) ([]reeve.AuditEntry, error)
	Head(ctx context.Context, account int64) (reeve.Checkpoint, bool, error)
	Checkpoints(ctx context.Context, account int64) ([]reeve.Checkpoint, error)
}

// verifyPage is how many rows are read at a time.
const verifyPage = 2000

// VerifyLog walks an account's log from its oldest row, which is row 1 unless
// older ones were pruned. Kept are checkpoints from
// outside the store.
func VerifyLog(ctx context.Context, store LogReader, a reeve.Account, v *seal.Verifier, kept []reeve.Checkpoint) (Verdict, error) {
	verdict := Verdict{Account: a.Name}
	own, err := store.Checkpoints(ctx, a.No)
	if err != nil {
		return verdict, err
	}
	due := map[int64][]reeve.Checkpoint{}
	var furthest int64
	for _, cp := range append(own, kept...) {
		if cp.Account != a.No {
			continue
		}
		if err := v.CheckCheckpoint(cp.Account, cp.Seq, cp.Hash, cp.At, cp.Signature); err != nil {
			verdict.Fault = fmt.Sprintf("the checkpoint at row %d is not signed by this server", cp.Seq)
			return verdict, nil
		}
		due[cp.Seq] = append(due[cp.Seq], cp)
		furthest = max(furthest, cp.Seq)
		verdict.Checkpoints++
	}
	var begun string // what a row of the log must say of its beginning; "" if it begins with row 1
	var told bool    // whether one does
	// The head is read first: rows that are written meanwhile follow it.
	head, intact, err := store.Head(ctx, a.No)
	if err != nil && reeve.KindOf(err) != reeve.NotFound { // a mark that was removed does not hold
		return verdict, err
	}
	var prev reeve.AuditEntry
	for {
		rows, err := store.Log(ctx, a.No, reeve.LogQuery{After: prev.Seq, Limit: verifyPage})
		if err != nil {
			return verdict, err
		}
		for _, row := range rows {
			if verdict.Fault = rowFault(prev, row, due[row.Seq]); verdict.Fault != "" {
				return verdict, nil
			}
			if row.Seq == head.Seq && row.Hash != head.Hash {
				verdict.Fault = fmt.Sprintf("row %d is not the row that the log's end was marked with", row.Seq)
				return verdict, nil
			}
			if prev.Seq == 0 {
				verdict.From = row.Seq
				if begun, verdict.Fault = beginning(row, due[row.Seq-1]); verdict.Fault != "" {
					return verdict, nil
				}
			}
			if row.Event == reeve.LogPruned && begun != "" {
				told = told || begun == prunedThrough(row)
			}
			verdict.Rows++
			prev = row
		}
		if len(rows) < verifyPage {
			break
		}
	}
	if begun != "" && !told {
		verdict.Fault = fmt.Sprintf("the log begins at row %d and no row says that those before it were pruned: they were removed", verdict.From)
		return verdict, nil
	}
	if furthest > prev.Seq {
		verdict.Fault = cutOff(prev.Seq, furthest)
		return verdict, nil
	}
	if !intact {
		verdict.Fault = fmt.Sprintf("the mark of the log's end does not hold: after row %d rows were cut off, or the mark was changed", prev.Seq)
		return verdict, nil
	}
	end, _, err := store.Head(ctx, a.No)
	if err != nil {
		return verdict, err
	}
	switch {
	case prev.Seq < head.Seq:
		verdict.Fault = cutOff(prev.Seq, head.Seq)
	case prev.Seq > end.Seq:
		verdict.Fault = fmt.Sprintf("the log goes on to row %d but its end is marked at row %d: rows were added", prev.Seq, end.Seq)
	}
	return verdict, nil
}

// beginning checks the oldest row. Where rows before it are gone, it must follow
// a signed checkpoint, and a row of the log must say what is returned.
func beginning(row reeve.AuditEntry, checkpoints []reeve.Checkpoint) (string, string) {
	if row.Seq == 1 {
		return "", ""
	}
	other := func(cp reeve.Checkpoint) bool { return cp.Hash != row.Prev }
	if len(checkpoints) > 0 && !slices.ContainsFunc(checkpoints, other) {
		return fmt.Sprintf("%d %x", row.Seq-1, row.Prev), ""
	}
	return "", fmt.Sprintf("the log begins at row %d, which does not follow a checkpoint: rows before it were removed", row.Seq)
}

// prunedThrough is what a row says of where the log begins.
func prunedThrough(row reeve.AuditEntry) string {
	var facts reeve.Pruned
	json.Unmarshal([]byte(row.Detail), &facts)
	return fmt.Sprintf("%d %s", facts.Through, facts.Hash)
}

func cutOff(end, former int64) string {
	return fmt.Sprintf("the log ends at row %d but went on to row %d: rows were cut off", end, former)
}

// rowFault says what is wrong with a row that follows prev.
func rowFault(prev, row reeve.AuditEntry, checkpoints []reeve.Checkpoint) string {
	first := prev.Seq == 0
	numbers, texts := row.Covered()
	switch {
	case first && row.Seq == 1 && row.Prev != (seal.Hash{}):
		return "row 1 does not begin the chain"
	case !first && row.Seq != prev.Seq+1:
		return fmt.Sprintf("row %d is missing", prev.Seq+1)
	case !first && row.Prev != prev.Hash:
		return fmt.Sprintf("row %d does not follow row %d: rows were reordered or replaced", row.Seq, prev.Seq)
	case seal.Next(row.Prev, seal.Row{Numbers: numbers, Texts: texts}) != row.Hash:
		return fmt.Sprintf("row %d was edited", row.Seq)
	}
	for _, cp := range checkpoints {
		if cp.Hash != row.Hash {
			return fmt.Sprintf("row %d is not the row that was signed at %s", row.Seq, cp.At.Format("2006-01-02T15:04:05Z"))
		}
	}
	return ""
}
