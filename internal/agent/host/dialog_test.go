package host

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
)

var dialogFields = []reeve.IdentityField{
	{Name: "full_name", Label: "Full name", Required: true},
	{Name: "mail", Label: "E-mail", Type: "email", Required: true},
	{Name: "site", Label: "Site", Type: "choice", Choices: []string{"Lab", "Hall"}},
}

// What does not fit is asked again, alone, with what was answered and why not.
func TestDialogsAskAgain(t *testing.T) {
	var shown []sheet
	replies := []sheetReply{{Answers: []string{"  ", "ann", "Lab"}}, {Answers: []string{" Ann ", "ann"}}, {Answers: []string{"ann@example.org"}}}
	got, err := byDialogs(t.Context(), dialogFields, func(_ context.Context, text []byte) ([]byte, error) {
		var s sheet
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		shown = append(shown, s)
		return json.Marshal(replies[len(shown)-1])
	})
	if want := map[string]string{"full_name": "Ann", "mail": "ann@example.org", "site": "Lab"}; err != nil || !maps.Equal(got, want) {
		t.Fatalf("%v, %v", got, err)
	}
	var asked []string
	for _, s := range shown {
		for _, q := range s.Questions {
			asked = append(asked, q.Label+"|"+q.Answer+"|"+q.Fault)
		}
	}
	const form = "E-mail must be an e-mail address, such as ann@example.org"
	if want := []string{"Full name||", "E-mail||", "Site||", "Full name||Full name must be answered", "E-mail|ann|" + form, "E-mail|ann|" + form}; !slices.Equal(asked, want) {
		t.Errorf("asked %q", asked)
	}
}

func TestDialogsThatAreNotAnswered(t *testing.T) {
	for said, want := range map[string]string{
		`{"later":true}`:     "not now",
		`{"answers":["A"]}`:  "the dialogs gave 1 answers to 3 questions",
		`execution error -1`: "the dialogs said nothing that can be read",
		``:                   "broken",
	} {
		_, err := byDialogs(t.Context(), dialogFields, func(context.Context, []byte) ([]byte, error) {
			if said == "" {
				return nil, errors.New("broken")
			}
			return []byte(said), nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", said, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := byDialogs(t.Context(), dialogFields, func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, errors.New("killed")
		})
		if !errors.Is(err, errLater) || time.Since(began) != dialogPatience {
			t.Errorf("nobody there: %v after %v", err, time.Since(began))
		}
	})
}

func TestWhoSitsAtAMac(t *testing.T) {
	for owner, want := range map[uint32]bool{0: false, 248: false, 501: true, 1_000_001: true} {
		if _, somebody := consoleUser(owner); somebody != want {
			t.Errorf("%d: %v", owner, somebody)
		}
	}
	for _, tt := range []struct {
		own, uid uint32
		want     string
	}{
		{501, 501, "/usr/bin/osascript -l JavaScript -e S"},
		{0, 501, "/bin/launchctl asuser 501 /usr/bin/sudo -n -u #501 -- /usr/bin/osascript -l JavaScript -e S"},
		{501, 502, ""},
	} {
		args, err := dialogCommand(tt.own, tt.uid, "S")
		if got := strings.Join(args, " "); got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%d for %d: %s, %v", tt.own, tt.uid, got, err)
		}
	}
}
