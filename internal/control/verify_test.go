package control_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/seal"
)

// A logWorld has a log of some rows with a checkpoint in the middle, and the
// file open beside the server.
type logWorld struct {
	*world
	db     *sql.DB
	middle int64 // row with a checkpoint
	end    int64
	copies []reeve.Checkpoint // kept outside of the store
}

func newLogWorld(t *testing.T) *logWorld {
	t.Helper()
	w := &logWorld{world: newWorld(t)}
	var err error
	if w.db, err = sql.Open("sqlite", w.file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	d := w.enrol(t, w.linux())
	for range 3 {
		w.place(t, order("exempt", d.ID))
	}
	w.middle = w.checkpoint(t)
	w.place(t, order("dhcprenew", d.ID))
	w.place(t, order("unexempt", d.ID))
	w.end = w.middle + 2
	return w
}

// checkpoint signs the head as a server does, and returns its row.
func (w *logWorld) checkpoint(t *testing.T) int64 {
	t.Helper()
	head, intact, err := w.store.Head(t.Context(), w.admin.Account)
	if err != nil || !intact {
		t.Fatalf("the head is intact: %v, %v", intact, err)
	}
	head.At = w.clock.Now()
	head.Signature = w.key.SignCheckpoint(head.Account, head.Seq, head.Hash, head.At)
	if err := w.store.AddCheckpoint(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	w.copies = append(w.copies, head)
	return head.Seq
}

func (w *logWorld) exec(t *testing.T, text string, args ...any) {
	t.Helper()
	result, err := w.db.Exec(text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if n, _ := result.RowsAffected(); n == 0 {
		t.Fatalf("%s changed nothing", text)
	}
}

func (w *logWorld) verify(t *testing.T, kept ...reeve.Checkpoint) control.Verdict {
	t.Helper()
	a, err := w.store.Account(t.Context(), w.admin.Account)
	if err != nil {
		t.Fatal(err)
	}
	v, err := control.VerifyLog(t.Context(), w.store, a, w.verifier, kept)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestIntactLog(t *testing.T) {
	w := newLogWorld(t)
	want := control.Verdict{Account: control.FirstAccount, Rows: w.end, From: 1, Checkpoints: 1}
	if got := w.verify(t); got != want {
		t.Errorf("%+v; want %+v", got, want)
	}
	want.Checkpoints = 2
	if got := w.verify(t, w.copies...); got != want {
		t.Errorf("with a checkpoint from outside: %+v; want %+v", got, want)
	}
	// Checkpoints of other accounts say nothing of this one.
	foreign := w.copies[0]
	foreign.Account++
	want.Checkpoints = 1
	if got := w.verify(t, foreign); got != want {
		t.Errorf("with another account's checkpoint: %+v; want %+v", got, want)
	}
}

// Every column of every row counts.
func TestEditedRows(t *testing.T) {
	w := newLogWorld(t)
	if _, err := w.db.Exec("CREATE TABLE kept AS SELECT * FROM audit"); err != nil {
		t.Fatal(err)
	}
	for _, edit := range []string{
		"at = at + 1", "event = 'x'", "source = source + 1", "actor = actor || 'x'", "name = 'x'", "address = 'x'", "request_id = 'x'",
		"device = 'x'", "job = job + 1", "outcome = 'x'", "detail = detail || ' '", "detail = ''",
		"actor = '', name = actor || name", "prev = zeroblob(31) || x'01'", "hash = zeroblob(32)",
	} {
		for _, seq := range []int64{1, 2, w.middle, w.end} {
			w.exec(t, "UPDATE audit SET "+edit+" WHERE account = 1 AND seq = $1", seq)
			if got := w.verify(t).Fault; !strings.Contains(got, "row ") {
				t.Errorf("row %d, %s: %q", seq, edit, got)
			}
			w.exec(t, "DELETE FROM audit")
			w.exec(t, "INSERT INTO audit SELECT * FROM kept")
		}
	}
	if got := w.verify(t).Fault; got != "" {
		t.Errorf("after all was put back: %s", got)
	}
}

func TestChangedLogs(t *testing.T) {
	const own = " account = 1 AND "
	tests := []struct {
		name   string
		change func(t *testing.T, w *logWorld)
		fault  string
	}{
		{"a row removed", func(t *testing.T, w *logWorld) { w.exec(t, "DELETE FROM audit WHERE"+own+"seq = 3") }, "row 3 is missing"},
		{"the first row removed", func(t *testing.T, w *logWorld) { w.exec(t, "DELETE FROM audit WHERE"+own+"seq = 1") }, "begins at row 2"},
		{"a row removed and the rest moved up", func(t *testing.T, w *logWorld) {
			w.exec(t, "DELETE FROM audit WHERE"+own+"seq = 3")
			for seq := int64(4); seq <= w.end; seq++ {
				w.exec(t, "UPDATE audit SET seq = seq - 1 WHERE"+own+"seq = $1", seq)
			}
		}, "row 3 does not follow row 2"},
		{"two rows swapped", func(t *testing.T, w *logWorld) {
			w.exec(t, "UPDATE audit SET seq = -1 WHERE"+own+"seq = 3")
			w.exec(t, "UPDATE audit SET seq = 3 WHERE"+own+"seq = 4")
			w.exec(t, "UPDATE audit SET seq = 4 WHERE"+own+"seq = -1")
		}, "row 3"},
		{"the last row cut off", func(t *testing.T, w *logWorld) { w.exec(t, "DELETE FROM audit WHERE"+own+"seq = $1", w.end) }, "were cut off"},
		{"all rows cut off", func(t *testing.T, w *logWorld) { w.exec(t, "DELETE FROM audit") }, "were cut off"},
		{"cut off, and the end marked anew", func(t *testing.T, w *logWorld) {
			w.exec(t, "DELETE FROM audit WHERE"+own+"seq = $1", w.end)
			w.exec(t, "UPDATE log_heads SET seq = $1, hash = (SELECT hash FROM audit WHERE account = 1 AND seq = $1)", w.end-1)
		}, "mark of the log's end"},
		{"the mark of the end removed", func(t *testing.T, w *logWorld) { w.exec(t, "DELETE FROM log_heads") }, "mark of the log's end"},
		{"history written anew from an edited row on", func(t *testing.T, w *logWorld) { rechain(t, w, w.middle+1) }, "row "},
		{"history written anew, and the end with it", func(t *testing.T, w *logWorld) {
			w.exec(t, "UPDATE log_heads SET hash = $1", rechain(t, w, w.middle+1))
		}, "mark of the log's end"},
		{"history written anew from before a checkpoint", func(t *testing.T, w *logWorld) {
			w.exec(t, "UPDATE log_heads SET hash = $1", rechain(t, w, 2))
		}, "is not the row that was signed"},
		{"rows added behind the end", func(t *testing.T, w *logWorld) {
			w.exec(t, `INSERT INTO audit (account, seq, at, event, source, actor, name, address, request_id, device, job, outcome, detail, prev, hash)
				SELECT account, seq + 1, at, event, source, actor, name, address, request_id, device, job, outcome, detail, hash, hash
				FROM audit WHERE account = 1 AND seq = $1`, w.end)
			rechain(t, w, w.end+1)
		}, "rows were added"},
		{"a checkpoint moved", func(t *testing.T, w *logWorld) { w.exec(t, "UPDATE checkpoints SET seq = seq - 1") }, "not signed by this server"},
		{"a checkpoint of another log", func(t *testing.T, w *logWorld) { w.exec(t, "UPDATE checkpoints SET hash = zeroblob(32)") }, "not signed by this server"},
		{"a checkpoint without a signature", func(t *testing.T, w *logWorld) { w.exec(t, "UPDATE checkpoints SET signature = x''") }, "not signed by this server"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newLogWorld(t)
			tt.change(t, w)
			if got := w.verify(t).Fault; !strings.Contains(got, tt.fault) {
				t.Errorf("%q; want a fault with %q", got, tt.fault)
			}
		})
	}
}

// Who puts the whole store back to an earlier day is caught by the checkpoints
// that were kept elsewhere.
func TestStorePutBack(t *testing.T) {
	w := newLogWorld(t)
	var seq int64
	var hash, mark []byte
	if err := w.db.QueryRow("SELECT seq, hash, mark FROM log_heads WHERE account = 1").Scan(&seq, &hash, &mark); err != nil {
		t.Fatal(err)
	}
	w.place(t, control.Order{Action: "delete", All: true})
	w.checkpoint(t)
	w.exec(t, "DELETE FROM audit WHERE account = 1 AND seq > $1", seq)
	w.exec(t, "DELETE FROM checkpoints WHERE seq > $1", seq)
	w.exec(t, "UPDATE log_heads SET seq = $1, hash = $2, mark = $3", seq, hash, mark)

	if got := w.verify(t).Fault; got != "" {
		t.Errorf("from the store alone: %q, which nobody can know", got)
	}
	if got := w.verify(t, w.copies...).Fault; !strings.Contains(got, "were cut off") {
		t.Errorf("with the checkpoints from outside: %q", got)
	}
	forged := slices.Clone(w.copies)
	forged[1].Seq++
	if got := w.verify(t, forged...).Fault; !strings.Contains(got, "not signed by this server") {
		t.Errorf("with a forged checkpoint from outside: %q", got)
	}
}

// A log is read page by page.
func TestLongLog(t *testing.T) {
	w := newLogWorld(t)
	rows := make([]reeve.AuditEntry, 4100)
	for i := range rows {
		rows[i] = reeve.AuditEntry{Account: w.admin.Account, At: w.clock.Now(), Event: "test"}
	}
	if err := w.store.Append(t.Context(), rows...); err != nil {
		t.Fatal(err)
	}
	if got := w.verify(t); got.Fault != "" || got.Rows != w.end+4100 {
		t.Errorf("%+v; want %d rows without a fault", got, w.end+4100)
	}
	for _, seq := range []int64{4001, 2001, 2000} {
		w.exec(t, "DELETE FROM audit WHERE account = 1 AND seq = $1", seq)
		if got := w.verify(t).Fault; got != fmt.Sprintf("row %d is missing", seq) {
			t.Errorf("without row %d: %q", seq, got)
		}
	}
}

// rechain edits a row and computes the hashes from there on, as somebody would
// who can write the database. It returns the hash of the last row.
func rechain(t *testing.T, w *logWorld, from int64) []byte {
	t.Helper()
	w.exec(t, "UPDATE audit SET actor = 'nobody' WHERE account = 1 AND seq = $1", from)
	rows := w.audit(t, w.admin.Account)
	for i := from - 1; i < int64(len(rows)); i++ {
		if i > 0 {
			rows[i].Prev = rows[i-1].Hash
		}
		numbers, texts := rows[i].Covered()
		rows[i].Hash = seal.Next(rows[i].Prev, seal.Row{Numbers: numbers, Texts: texts})
		w.exec(t, "UPDATE audit SET prev = $1, hash = $2 WHERE account = 1 AND seq = $3", rows[i].Prev[:], rows[i].Hash[:], rows[i].Seq)
	}
	return rows[len(rows)-1].Hash[:]
}
