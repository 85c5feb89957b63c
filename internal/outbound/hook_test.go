package outbound

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"reeve"
)

// TestReceivers lets real connections go wrong in every way.
func TestReceivers(t *testing.T) {
	release := make(chan struct{})
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/well":
			w.WriteHeader(http.StatusAccepted)
			w.Write([]byte("thanks"))
		case "/fails":
			http.Error(w, "no", http.StatusInternalServerError)
		case "/redirects":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/hangs":
			<-release
		case "/cuts":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		case "/talks":
			w.WriteHeader(http.StatusOK)
			for range 100 {
				w.Write([]byte(strings.Repeat("x", 4096)))
			}
		}
	}))
	defer site.Close()
	defer close(release)
	site.EnableHTTP2 = false
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}))
	s := newMemory().sender(t, nil)
	for path, want := range map[string]struct {
		status        int
		body, failure string
	}{
		"/well?token=t0ken":  {202, "thanks", ""},
		"/fails":             {500, "no\n", "the receiver answered 500"},
		"/redirects?t=t0ken": {307, "", "the receiver answered 307"},
		"/hangs?token=t0ken": {0, "", "there was no answer in time"},
		"/cuts?token=t0ken":  {0, "", "EOF"},
		"/talks":             {200, strings.Repeat("x", maxHeard), ""},
	} {
		hook, err := s.newHook(reeve.OutletSettings{URL: site.URL + path, CA: ca}, "key-123")
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(path, "/hangs") {
			hook.client.Timeout = 50 * time.Millisecond
		}
		reply, err := hook.try(t.Context(), push{id: "id", device: "one", status: "deleted", at: time.Now()})
		failure := ""
		if err != nil {
			failure = sentence(err)
		}
		if reply.Status != want.status || reply.Body != want.body || failure != want.failure {
			t.Errorf("%s: %d %.50q %q", path, reply.Status, reply.Body, failure)
		}
		hook.client.CloseIdleConnections()
	}
	reply, err := s.Test(t.Context(), reeve.Outlet{Events: []string{"deleted"}, Sealed: []byte("key-123"), Settings: reeve.OutletSettings{URL: site.URL + "/well"}})
	if err != nil || reply.Status != 0 || !strings.Contains(reply.Failure, "certificate") {
		t.Errorf("an authority that nobody named: %+v, %v", reply, err)
	}
	reply, err = s.Test(t.Context(), reeve.Outlet{Events: []string{"deleted"}, Sealed: []byte("key-123"), Settings: reeve.OutletSettings{URL: site.URL + "/well", CA: ca}})
	if err != nil || reply.Status != 202 || reply.Failure != "" {
		t.Errorf("%+v, %v", reply, err)
	}
}
