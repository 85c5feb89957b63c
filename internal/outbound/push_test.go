package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
)

func TestPushesSayWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := newMemory(), &receiver{}
		m.enrol("before")
		m.webhook(t)
		stop := run(t, m.sender(t, r))
		m.enrol("one")
		m.event(reeve.AuditEntry{Event: "reports"})
		m.delete(2)
		m.account.Settings.Unassessed = "compliant"
		m.enrol("two")
		m.event(reeve.AuditEntry{Event: "device_enrolled", Device: "no seat", Detail: `{"standing":"out_of_license"}`})
		at := time.Now().UnixMilli()
		pass(3 * time.Second)
		stop()
		var got []string
		for _, p := range r.all() {
			got = append(got, p.device+" "+p.status)
			if p.key != "key-123" || p.millis != at {
				t.Errorf("%+v", p)
			}
		}
		slices.Sort(got)
		want := []string{fmt.Sprintf("%032d deleted", 0), fmt.Sprintf("%032d deleted", 1), "no seat installed", "one compliant", "one installed",
			"two compliant", "two installed"}
		if !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		if o := m.outlet(); o.Behind() != 0 || o.LastSuccess.IsZero() || o.LastError != "" {
			t.Errorf("%+v", o.Flow)
		}
	})
}

func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := newMemory(), &receiver{answer: func(n int, _ received) (int, error) {
			return []int{500, 302, 200, 0, 404, 503, 201}[n-1], nil
		}}
		m.webhook(t)
		defer run(t, m.sender(t, r))()
		m.enrol("one")
		m.event(reeve.AuditEntry{Event: "reports"})
		pass(5 * time.Minute)
		m.enrol("two") // the receiver hangs for 10 s, and fails twice more
		pass(5 * time.Minute)
		m.enrol("three")
		pass(5 * time.Minute)
		got := r.all()
		if len(got) != 7 {
			t.Fatalf("%+v", got)
		}
		for i, want := range []time.Duration{0, 4 * time.Second, 64 * time.Second, 0, 14 * time.Second, 74 * time.Second, 0} {
			first := got[i/3*3]
			if after := got[i].after - first.after; after != want || got[i].id != first.id || got[i].device != first.device {
				t.Errorf("try %d of %s after %v, want %v", i, got[i].device, after, want)
			}
		}
		if got[0].id == got[3].id || got[3].id == got[6].id || len(got[0].id) != 32 {
			t.Errorf("two pushes with one name: %+v", got)
		}
		if o := m.outlet(); o.Failures != 0 || o.LastError != "the receiver answered 503" || !slices.Contains(m.events(), "webhook_failed") {
			t.Errorf("%+v, log %v", o.Flow, m.events())
		}
	})
}

func TestAHundredFailuresDisable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		m, r := newMemory(), &receiver{answer: func(int, received) (int, error) {
			if up {
				return 200, nil
			}
			return 0, errors.New("connection refused")
		}}
		m.webhook(t)
		s := m.sender(t, r)
		defer run(t, s)()
		m.delete(1000)
		pass(time.Hour)
		o := m.outlet()
		if o.Enabled || o.Failures != maxFailures || o.LastError != "connection refused" || len(r.all()) > 3*(maxFailures+pushLanes) {
			t.Fatalf("enabled %v, %+v after %d requests", o.Enabled, o.Flow, len(r.all()))
		}
		if want := []string{"job_placed", "webhook_failed", "webhook_failed", "webhook_disabled"}; !slices.Equal(m.events(), want) {
			t.Errorf("log %v", m.events())
		}
		given := map[string]bool{}
		for _, p := range r.all() {
			given[p.device] = true
		}
		up, r.got = true, nil
		o.Enabled = true
		m.SetOutlet(t.Context(), o, reeve.AuditEntry{})
		pass(time.Minute)
		for _, p := range r.all() {
			given[p.device] = true
		}
		if o := m.outlet(); len(given) != 1000 || o.Failures != 0 || o.Behind() != 0 {
			t.Errorf("%d devices were told of, %+v", len(given), o.Flow)
		}
	})
}

// One that gets through now and then is not switched off.
func TestFailuresCountInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := newMemory(), &receiver{answer: func(_ int, p received) (int, error) {
			if p.device[30:] == "00" || p.device[30:] == "50" {
				return 200, nil
			}
			return 500, nil
		}}
		m.webhook(t)
		defer run(t, m.sender(t, r))()
		m.delete(400)
		pass(5 * time.Hour)
		if o := m.outlet(); !o.Enabled || o.Behind() != 0 || o.Failures == 0 {
			t.Errorf("enabled %v, %+v", o.Enabled, o.Flow)
		}
		if r.crowd() > pushLanes {
			t.Errorf("%d requests at once", r.crowd())
		}
	})
}

// A sender that is stopped in the middle goes on where it stopped: nothing is
// lost, and what comes twice has the same name.
func TestARestartLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := newMemory(), &receiver{answer: func(n int, _ received) (int, error) {
			if n%37 == 0 {
				return 500, nil // waits 4 seconds, and holds up its lane
			}
			return 200, nil
		}}
		m.webhook(t)
		m.delete(500)
		for range 8 {
			stop := run(t, m.sender(t, r))
			pass(2500 * time.Millisecond)
			stop()
		}
		defer run(t, m.sender(t, r))()
		pass(10 * time.Minute)
		names := map[string]string{}
		for _, p := range r.all() {
			if had, ok := names[p.device]; ok && had != p.id {
				t.Errorf("%s was sent as %s and as %s", p.device, had, p.id)
			}
			names[p.device] = p.id
		}
		if again := len(r.all()) - 500; len(names) != 500 || again > 8*pushBatch {
			t.Errorf("%d devices, %d repetitions", len(names), again)
		}
	})
}

// A node that dies holds its outlets for a while, then another goes on.
func TestAnotherNodeGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := newMemory(), &receiver{}
		m.webhook(t)
		m.ClaimOutlets(t.Context(), "dead", time.Now(), time.Now().Add(claimFor))
		defer run(t, m.sender(t, r))()
		defer run(t, m.sender(t, r))()
		m.enrol("one")
		pass(claimFor - time.Second)
		if len(r.all()) != 0 {
			t.Error("two nodes serve one outlet")
		}
		pass(3 * time.Second)
		m.enrol("two")
		pass(time.Minute)
		if got := r.all(); len(got) != 2 {
			t.Errorf("%+v", got)
		}
	})
}

// What leads nowhere holds up nobody but itself.
func TestOneThatHangsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		hanging := &receiver{answer: func(int, received) (int, error) { return 0, nil }}
		quick := &receiver{}
		m.webhook(t)
		m.webhook(t)
		m.outlets[1].ID, m.outlets[1].Settings.URL = "quick", "https://quick.example.org/"
		defer run(t, m.sender(t, roundTripper(func(q *http.Request) (*http.Response, error) {
			if q.URL.Host == "quick.example.org" {
				return quick.RoundTrip(q)
			}
			return hanging.RoundTrip(q)
		})))()
		m.delete(2000)
		pass(10 * time.Second)
		if got := len(quick.all()); got != 2000 || hanging.crowd() > pushLanes {
			t.Errorf("%d arrived, %d hang", got, hanging.crowd())
		}
	})
}

// An outlet that is made as soon as another was removed, and has its number, is
// served by itself: with its own address and key, from its own place.
func TestANewOutletIsNotTheRemovedOne(t *testing.T) {
	for name, account := range map[string]int64{"of the same account": 1, "of another account": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, removed, made := newMemory(), &receiver{}, &receiver{}
				defer run(t, m.sender(t, roundTripper(func(q *http.Request) (*http.Response, error) {
					if q.URL.Host == "new.example.org" {
						return made.RoundTrip(q)
					}
					return removed.RoundTrip(q)
				})))()
				m.webhook(t)
				m.enrol("before")
				pass(3 * time.Second)
				if len(removed.all()) != 1 {
					t.Fatalf("before: %+v", removed.all())
				}
				m.RemoveOutlet(t.Context(), 1, "hook", reeve.AuditEntry{})
				o, _ := m.AddOutlet(t.Context(), reeve.Outlet{ID: "new", Account: account, Kind: reeve.WebhookOutlet, Events: reeve.WebhookStatuses,
					Settings: reeve.OutletSettings{URL: "https://new.example.org/hook"}, Sealed: []byte("new key")}, reeve.AuditEntry{})
				if o.No != 1 {
					t.Fatalf("the number is %d", o.No)
				}
				for range 5 {
					m.event(reeve.AuditEntry{Account: account, Event: "device_enrolled", Device: "after", Detail: `{"standing":"managed"}`})
					pass(700 * time.Millisecond)
				}
				pass(5 * time.Second)
				if got := removed.all(); len(got) != 1 {
					t.Errorf("the removed one got %+v", got)
				}
				got := made.all()
				for _, p := range got {
					if p.key != "new key" || p.device != "after" {
						t.Errorf("the new one got %+v", p)
					}
				}
				if o := m.outlet(); len(got) != 5 || o.Behind() != 0 {
					t.Errorf("the new one got %d, %+v", len(got), o.Flow)
				}
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// Where nothing happens that a webhook is about, little is written.
func TestQuietRowsAreNotedRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := newMemory(), &receiver{}
		m.webhook(t)
		defer run(t, m.sender(t, r))()
		for range 600 {
			m.event(reeve.AuditEntry{Event: "reports"})
			pass(time.Second)
		}
		pass(saveEvery + 5*time.Second)
		if o := m.outlet(); m.saves > 12 || o.Behind() != 0 || len(r.all()) != 0 {
			t.Errorf("saved %d times, %+v", m.saves, o.Flow)
		}
	})
}
