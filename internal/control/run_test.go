package control_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
	"reeve/internal/control"
)

// bubble runs a test in a bubble of time. The tickers of Run go by its time; what
// they see is the world's own clock, so that hours cost nothing.
func bubble(t *testing.T, fn func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) { fn(t, newWorld(t)) })
}

// run begins the sweeps of c, and returns what ends them and waits for it.
func run(t *testing.T, c *control.Control) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	synctest.Wait() // Run has looked at the clock
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// pass lets d go by and the sweep after it run.
func (w *world) pass(d time.Duration) {
	w.clock.advance(d)
	time.Sleep(time.Second) // of the bubble
	synctest.Wait()
}

func TestRunEndsWhatIsOverdue(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		defer run(t, w.Control)()
		a, b := w.enrol(t, w.linux()), w.enrol(t, w.linux())
		job := w.place(t, order("dhcprenew", a.ID, b.ID)).Job // 1 h to deliver, 5 min to finish
		started := w.commands(t, job.ID)[1]
		states := func(want ...string) {
			t.Helper()
			for i, c := range w.commands(t, job.ID) {
				if got := c.State.String() + " " + c.Reason.String(); got != want[i] {
					t.Errorf("%v after: command %d is %s; want %s", w.clock.Now().Sub(noon), i, got, want[i])
				}
			}
		}
		w.report(t, started, reeve.Running)
		w.pass(time.Hour - time.Microsecond)
		states("queued ", "running ")
		w.pass(time.Microsecond)
		states("expired delivery", "running ")
		w.pass(5*time.Minute - time.Microsecond)
		states("expired delivery", "running ")
		w.pass(time.Microsecond)
		states("expired delivery", "expired execution")

		done, err := w.store.Job(t.Context(), w.admin.Account, job.ID)
		if err != nil || done.Open() != 0 || done.Counts[reeve.Expired] != 2 {
			t.Errorf("the job counts %v, %v", done.Counts, err)
		}
		rows := w.audit(t, w.admin.Account, "job_expired")
		if len(rows) != 2 || rows[0].Job != job.ID || rows[0].Source != reeve.FromSystem || rows[0].Actor != "system" {
			t.Errorf("the log says %+v", rows)
		}
	})
}

func TestRunEndsExemptions(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		defer run(t, w.Control)()
		short, long, ever := w.enrol(t, w.linux()), w.enrol(t, w.linux()), w.enrol(t, w.linux())
		exempt := func(d reeve.Device, hours string) {
			o := order("exempt", d.ID)
			o.Params = []byte(`{"exempt_time":` + hours + `}`)
			w.place(t, o)
		}
		exempt(short, "1")
		exempt(long, "1")
		exempt(long, "3") // what was replaced does not end it
		exempt(ever, "0")
		w.pass(time.Hour)
		if got := w.device(t, short.ID).ExemptUntil; !got.IsZero() {
			t.Errorf("after its hour the device is exempt until %v", got)
		}
		if got := w.device(t, long.ID).ExemptUntil; !got.Equal(noon.Add(3 * time.Hour)) {
			t.Errorf("after an hour of three the device is exempt until %v", got)
		}
		if got := w.device(t, ever.ID).ExemptUntil; !got.Equal(reeve.Forever) {
			t.Errorf("the device that is exempt for ever is exempt until %v", got)
		}
		rows := w.audit(t, w.admin.Account, "exemptions_ended")
		if len(rows) != 1 || rows[0].Source != reeve.FromSystem || rows[0].Actor != "system" {
			t.Errorf("the log says %+v; want one entry of the system", rows)
		}
	})
}

func TestRunErasesDeletedRecords(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		defer run(t, w.Control)()
		d := w.enrol(t, w.linux())
		w.place(t, order("delete", d.ID))
		w.pass(30*24*time.Hour - time.Second)
		if got := w.device(t, d.ID); got.Hostname != d.Hostname {
			t.Errorf("before its time the record is %+v", got)
		}
		w.pass(time.Second)
		_, _, err := w.Recognise(t.Context(), d.Key)
		wantKind(t, "the key of an erased record", err, reeve.Denied)
		if rows := w.audit(t, w.admin.Account, "devices_erased"); len(rows) != 1 {
			t.Errorf("the log says %+v", rows)
		}
	})
}

// A sweep that fails is told of and tried again.
func TestRunGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		d := w.enrol(t, w.linux())
		job := w.place(t, order("dhcprenew", d.ID)).Job
		store := &wearyStore{Store: w.store, failures: 2}
		defer run(t, w.control(store))()
		w.pass(2 * time.Hour)
		w.pass(0)
		if got := w.commands(t, job.ID)[0].State; got != reeve.Queued || strings.Count(w.log.String(), "the disk is full") != 2 {
			t.Errorf("while sweeps fail the command is %v, and the server's log says %q", got, w.log)
		}
		w.pass(0)
		if got := w.commands(t, job.ID)[0].State; got != reeve.Expired {
			t.Errorf("after that the command is %v", got)
		}
	})
}

type wearyStore struct {
	control.Store
	failures int
}

func (s *wearyStore) Expire(ctx context.Context, now time.Time) (int64, error) {
	if s.failures > 0 {
		s.failures--
		return 0, errors.New("the disk is full")
	}
	return s.Store.Expire(ctx, now)
}

func checkpoints(t *testing.T, w *world) []reeve.Checkpoint {
	t.Helper()
	all, err := w.store.Checkpoints(t.Context(), w.admin.Account)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRunSignsCheckpoints(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		stop := run(t, w.Control)
		want := func(n int, what string) {
			t.Helper()
			if got := checkpoints(t, w); len(got) != n || len(w.kept) != n {
				t.Errorf("%s there are %d checkpoints and %d copies; want %d", what, len(got), len(w.kept), n)
			}
		}
		w.pass(0)
		want(0, "at first")
		w.pass(time.Minute)
		want(1, "after a minute")
		w.pass(time.Minute)
		want(1, "after a minute without rows")
		rows := make([]reeve.AuditEntry, 1000)
		for i := range rows {
			rows[i] = reeve.AuditEntry{Account: w.admin.Account, At: w.clock.Now(), Event: "test"}
		}
		if err := w.store.Append(t.Context(), rows[:999]...); err != nil {
			t.Fatal(err)
		}
		w.pass(0)
		want(1, "after 999 rows")
		if err := w.store.Append(t.Context(), rows[999]); err != nil {
			t.Fatal(err)
		}
		w.pass(0)
		want(2, "after 1,000 rows")
		if err := w.store.Append(t.Context(), rows[0]); err != nil {
			t.Fatal(err)
		}
		stop() // what is left is signed, whether or not a minute is over
		want(3, "at the end")
		for _, c := range checkpoints(t, w) {
			if err := w.verifier.CheckCheckpoint(c.Account, c.Seq, c.Hash, c.At, c.Signature); err != nil {
				t.Errorf("the checkpoint at row %d: %v", c.Seq, err)
			}
		}
	})
}

// What a process before, or another node, has signed is no obstacle: neither
// for this account nor for the others.
func TestCheckpointsAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		b, _ := w.further(t, "other")
		stop := run(t, w.Control)
		w.pass(time.Minute)
		stop()
		if err := w.store.Append(t.Context(), reeve.AuditEntry{Account: b.Account.No, Event: "test"}); err != nil {
			t.Fatal(err)
		}
		stop = run(t, w.control(w.store))
		w.pass(time.Minute)
		stop()
		for account, want := range map[int64]int{w.admin.Account: 1, b.Account.No: 2} {
			if got, err := w.store.Checkpoints(t.Context(), account); err != nil || len(got) != want {
				t.Errorf("account %d has %d checkpoints, %v; want %d", account, len(got), err, want)
			}
		}
		if log := w.log.String(); log != "" {
			t.Errorf("the sweeps complained: %s", log)
		}
	})
}

// A signature on a log whose end was changed would make the change good.
func TestNoCheckpointOfAChangedLog(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		defer run(t, w.Control)()
		db, err := sql.Open("sqlite", w.file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("UPDATE log_heads SET seq = seq - 1"); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		if got := checkpoints(t, w); len(got) != 0 {
			t.Errorf("the changed log has %d checkpoints", len(got))
		}
		if log := w.log.String(); !strings.Contains(log, "reeve log verify") {
			t.Errorf("the server's log says %q", log)
		}
	})
}
