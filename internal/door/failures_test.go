package door

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFailuresAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{}
		h, _ := open(t, k, things)
		for range DefaultFailures { // without a token's form there is no look-up, and nothing to limit
			ask(h, "GET", "/o/api/v3/things?access_token=WRONG")
			ask(h, "GET", "/o/api/v3/things")
		}
		wrong := strings.Repeat("W", 48)
		for range DefaultFailures {
			if answer := ask(h, "GET", "/o/api/v3/things?access_token="+wrong); answer.StatusCode != 401 {
				t.Fatalf("status %d, want 401", answer.StatusCode)
			}
		}
		asked := k.asked
		answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken, "X-Forwarded-For: 198.51.100.7")
		if answer.StatusCode != 429 || answer.Header.Get("Retry-After") == "" {
			t.Errorf("status %d, want 429 with Retry-After", answer.StatusCode)
		}
		if k.asked != asked {
			t.Error("an address past the limit was looked up")
		}
		time.Sleep(time.Minute) // of the bubble's clock: nobody waits
		if answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken); answer.StatusCode != 200 {
			t.Errorf("a minute later: status %d, want 200", answer.StatusCode)
		}
	})
}

func TestFailuresAreBounded(t *testing.T) {
	f := newFailures(5)
	for i := range maxAddresses + 100 {
		f.add("token", time.Duration(i).String())
	}
	if len(f.count) > maxAddresses {
		t.Errorf("%d addresses remembered", len(f.count))
	}
	for range 5 {
		f.add("token", "2001:db8:1:2::1")
	}
	if f.wait("token", "2001:db8:1:2:ffff::9") == 0 {
		t.Error("another address of the same network is let in")
	}
}
