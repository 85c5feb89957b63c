package proof

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"reeve/client"
	"reeve/internal/swarm"
)

// Whatever is changed in the log behind the server's back, `reeve log verify`
// ends with 1 and says where.
func TestTamperedLog(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	muster(t, s, 3, one(func(*swarm.Kind) {}))
	for range 3 { // each stop leaves a checkpoint
		for i := range 5 {
			p := s.order(client.Order{Action: "scan_threats", Params: []byte(`{"full_scan":1}`), All: true, Terms: client.Terms{Comment: fmt.Sprintf("order %d", i)}})
			s.settled(p.Job.ID)
		}
		if code, _ := s.terminate(t); code != 0 {
			t.Fatalf("the server ended with %d", code)
		}
		s.start()
	}
	s.terminate(t)
	out, code := s.verify("--json")
	var verdict client.Verdict
	if err := json.Unmarshal([]byte(out), &verdict); err != nil || code != 0 || !verdict.Intact || verdict.Checkpoints < 3 || verdict.Rows < 30 {
		t.Fatalf("an untouched log is %d %s", code, out)
	}
	last, middle := verdict.Rows, verdict.Rows/2
	row := func(n int64) string { return fmt.Sprintf("row %d ", n) }

	// What every column of a row is changed to, and what is found.
	type tamper struct {
		change string
		want   string
	}
	tampers := map[string]tamper{}
	for column, value := range map[string]string{
		"at": "at + 1", "event": "'job_cancelled'", "source": "source + 1", "actor": "'app:SOMEBODY'", "name": "'somebody'", "address": "'192.0.2.9'",
		"request_id": "'0'", "device": "'0'", "job": "job + 1", "outcome": "'refused'", "detail": "detail || ' '", "prev": "hash", "hash": "prev",
	} {
		for _, n := range []int64{1, middle, last} {
			want := row(n)
			if column == "hash" && n < last {
				want = fmt.Sprintf("row %d", n) // as itself, or as what the next row follows
			}
			tampers[fmt.Sprintf("%s of row %d", column, n)] = tamper{fmt.Sprintf("UPDATE audit SET %s = %s WHERE seq = %d", column, value, n), want}
		}
	}
	swap := func(a, b int64) string {
		return fmt.Sprintf("UPDATE audit SET seq = -1 WHERE seq = %d; UPDATE audit SET seq = %d WHERE seq = %d; UPDATE audit SET seq = %d WHERE seq = -1", a, a, b, b)
	}
	cut := fmt.Sprintf("DELETE FROM audit WHERE seq > %d; ", last-3)
	headTo := func(n int64) string {
		return fmt.Sprintf("UPDATE log_heads SET seq = %d, hash = (SELECT hash FROM audit WHERE seq = %d); ", n, n)
	}
	for name, change := range map[string]tamper{
		"a row removed":                        {fmt.Sprintf("DELETE FROM audit WHERE seq = %d", middle), row(middle)},
		"a row removed and the gap closed":     {fmt.Sprintf("DELETE FROM audit WHERE seq = %d; UPDATE audit SET seq = -seq WHERE seq > %d; UPDATE audit SET seq = -seq - 1 WHERE seq < 0", middle, middle), row(middle)},
		"the first row removed":                {"DELETE FROM audit WHERE seq = 1", "row 2"},
		"the first rows removed":               {"DELETE FROM audit WHERE seq < 10", "row 10"},
		"neighbours swapped":                   {swap(middle, middle+1), row(middle)},
		"distant rows swapped":                 {swap(3, last-1), row(3)},
		"a row doubled":                        {fmt.Sprintf("INSERT INTO audit SELECT account, %d, at, event, source, actor, name, address, request_id, device, job, outcome, detail, prev, hash FROM audit WHERE seq = %d", last+1, last), row(last + 1)},
		"the end cut off":                      {cut, fmt.Sprintf("row %d:", last)},
		"the end cut off, with its mark":       {cut + "DELETE FROM log_heads", fmt.Sprintf("row %d", last)},
		"the end cut off, the mark moved":      {cut + headTo(last-3), fmt.Sprintf("row %d", last)},
		"the mark changed":                     {"UPDATE log_heads SET mark = zeroblob(length(mark))", fmt.Sprintf("the mark of the log's end does not hold: after row %d ", last)},
		"everything removed":                   {"DELETE FROM audit; DELETE FROM log_heads; DELETE FROM checkpoints", fmt.Sprintf("row %d", last)},
		"a checkpoint's row":                   {"UPDATE checkpoints SET seq = seq - 1 WHERE seq = (SELECT max(seq) FROM checkpoints)", "is not signed by this server"},
		"a checkpoint's hash":                  {"UPDATE checkpoints SET hash = zeroblob(32)", "is not signed by this server"},
		"the end cut off, with its checkpoint": {cut + "DELETE FROM checkpoints; " + headTo(last-3), fmt.Sprintf("row %d", last)},
	} {
		tampers[name] = change
	}
	for name, c := range tampers {
		t.Run(name, func(t *testing.T) {
			copied := &server{t: t, data: filepath.Join(t.TempDir(), "data")}
			must(t, os.CopyFS(copied.data, os.DirFS(s.data)))
			db, err := sql.Open("sqlite", filepath.Join(copied.data, "reeve.db"))
			must(t, err)
			defer db.Close()
			if _, err := db.Exec(c.change); err != nil {
				t.Fatal(err)
			}
			must(t, db.Close())
			if out, code := copied.verify(); code != 1 || !strings.Contains(out+" ", c.want) || strings.Contains(out, "intact") {
				t.Errorf("log verify ended with %d and said, without %q:\n%s", code, c.want, out)
			}
		})
	}
	if out, code := s.verify(); code != 0 {
		t.Errorf("at last the untouched log is %d %s", code, out)
	}
}

// settled waits until a job has no open commands.
func (s *server) settled(id string) client.Job {
	s.t.Helper()
	j, err := s.own.Job(s.t.Context(), id)
	for must(s.t, err); j.Open > 0; must(s.t, err) {
		j, err = s.own.Await(s.t.Context(), id, j.Open)
	}
	return j
}
