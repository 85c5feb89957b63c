package cmapi_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

// linked orders the phone's user to be asked and returns the path of the page.
func linked(t testing.TB, h *doortest.House, phone reeve.Device) (job reeve.JobID, path string) {
	t.Helper()
	p, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "re-identify", IDs: []string{phone.ID}})
	if err != nil {
		t.Fatal(err)
	}
	got := h.Ask("GET", fmt.Sprintf("/api/v1/commands/%s", reeve.CommandID{Job: p.Job.ID}), "", "Authorization: Bearer "+h.Token)
	link := regexp.MustCompile(`"link":"` + doortest.PublicURL + `([^"]+)"`).FindStringSubmatch(got.Body.String())
	if link == nil {
		t.Fatalf("no link: %d %s", got.Code, got.Body)
	}
	return p.Job.ID, link[1]
}

func askHouse(t testing.TB, o doortest.Options) (*doortest.House, reeve.Device) {
	h := doortest.Open(t, o)
	account := h.Account()
	account.Name = "Acme <b>&amp;"
	account.IdentityFields = []reeve.IdentityField{
		{Name: "full_name", Label: `Full name <script>alert(1)</script>`, Required: true}, {Name: "mail", Label: "E-mail", Type: "email"},
		{Name: "site", Label: "Site", Type: "choice", Choices: []string{`"Lab"`, "Hall"}},
	}
	if err := h.SetAccount(account); err != nil {
		t.Fatal(err)
	}
	return h, h.Enrol(`phone"><i>`, reeve.Mobile, reeve.Android, "8.0.0.0", "00:0c:29:00:00:06")
}

func TestIdentityPage(t *testing.T) {
	h, phone := askHouse(t, doortest.Options{})
	_, path := linked(t, h, phone)
	page := h.Ask("GET", path, "")
	text := page.Body.String()
	for _, want := range []string{"Acme &lt;b&gt;&amp;amp;", "phone&#34;&gt;&lt;i&gt;", "&lt;script&gt;", `name="a0" type="text"`, `name="a1" type="email"`, `<select name="a2">`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s:\n%s", want, text)
		}
	}
	for header, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Content-Type": "text/html",
	} {
		if !strings.HasPrefix(page.Header().Get(header), want) {
			t.Errorf("%s: %s", header, page.Header().Get(header))
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "://") {
		t.Errorf("the page brings something of elsewhere:\n%s", text)
	}
	send := func(form url.Values) (int, string) {
		got := h.Ask("POST", path, form.Encode(), asForm)
		return got.Code, got.Body.String()
	}
	if code, text := send(url.Values{"a0": {"Ann"}, "a2": {"Moon"}}); code != 400 || !strings.Contains(text, "Site must be one of") || !strings.Contains(text, `value="Ann"`) ||
		strings.Count(text, `aria-invalid="true" aria-describedby="a2-fault" autofocus`) != 1 || strings.Count(text, `id="a2-fault"`) != 1 {
		t.Errorf("a wrong answer: %d %s", code, text)
	}
	if code, text := send(url.Values{"a0": {"Ann", "Eve"}}); code != 400 || !strings.Contains(text, "answered twice") {
		t.Errorf("two answers: %d %s", code, text)
	}
	if got := h.Ask("POST", path, `{"a0":"Ann"}`); got.Code != 415 {
		t.Errorf("not a form: %d", got.Code)
	}
	if code, _ := send(url.Values{"a0": {strings.Repeat("x", 200<<10)}}); code != 413 {
		t.Errorf("a long form: %d", code)
	}
	if code, text := send(url.Values{"a0": {" Ann Ex\u00e4mple "}, "a1": {""}, "a2": {`"Lab"`}, "b": {"x"}}); code != 200 || !strings.Contains(text, "Thank you") {
		t.Fatalf("the answers: %d %s", code, text)
	}
	for _, method := range []string{"GET", "POST"} {
		if got := h.Ask(method, path, "a0=Eve", asForm); got.Code != 409 || !strings.Contains(got.Body.String(), "has been used") {
			t.Errorf("%s a second time: %d %s", method, got.Code, got.Body)
		}
	}
	got := h.Ask("GET", "/api/v1/devices/"+phone.ID+"/identifications", "", "Authorization: Bearer "+h.Token)
	if want := `"answers":{"full_name":"Ann Exämple","site":"\"Lab\""}`; got.Code != 200 || !strings.Contains(got.Body.String(), want) || !strings.Contains(got.Body.String(), `"door":"link"`) {
		t.Errorf("history: %d %s", got.Code, got.Body)
	}
	detail := h.Ask("POST", "/o/api/v3/devices/"+phone.ID, "{}", "Authorization: Bearer "+h.Token)
	if !strings.Contains(detail.Body.String(), `"user_identity":{"full_name":"Ann Exämple"`) {
		t.Errorf("published: %s", detail.Body)
	}
	if strings.Contains(h.Log(), path) {
		t.Error("the link is in the log")
	}
}

func TestIdentityLinksEnd(t *testing.T) {
	now := time.Now()
	h, phone := askHouse(t, doortest.Options{Now: func() time.Time { return now }, Failures: 6})
	other, err := h.Rules.CreateAccount(t.Context(), h.Admin(), "other", 0)
	if err != nil {
		t.Fatal(err)
	}
	job, path := linked(t, h, phone)
	expect := func(what, path string, want int) {
		t.Helper()
		for _, method := range []string{"GET", "POST"} {
			got := h.Ask(method, path, "a0=Ann", asForm)
			if got.Code != want || !strings.Contains(got.Body.String(), "does not work") {
				t.Errorf("%s %s: %d %s, want %d", method, what, got.Code, got.Body, want)
			}
		}
	}
	if _, err := h.Rules.Cancel(t.Context(), h.Admin(), job); err != nil {
		t.Fatal(err)
	}
	expect("of a cancelled job", path, 409)
	_, path = linked(t, h, phone)
	now = now.Add(7*24*time.Hour + time.Second)
	expect("that is late", path, 409)
	h.Token = h.Grant(h.First.ClientID, h.First.ClientSecret) // the old one is over, too
	_, path = linked(t, h, phone)
	parts := strings.Split(path, "/") // "", identify, license, command, mark, identify.html
	tampered := strings.Replace(path, parts[3], parts[3][:23]+"1", 1)
	expect("with another command", tampered, 404)
	expect("of another account", strings.Replace(path, parts[2], other.Account.LicenseKey, 1), 404)
	remedy := strings.Replace(path, parts[4], strings.Repeat("0", 32), 1)
	expect("with a made-up mark", remedy, 404)
	if got := h.Ask("GET", path, ""); got.Code != 429 {
		t.Errorf("after too many wrong links: %d", got.Code)
	}
}

// A form is of anybody's making.
func FuzzAnswers(f *testing.F) {
	h, phone := askHouse(f, doortest.Options{})
	_, path := linked(f, h, phone)
	for _, seed := range []string{"a0=Ann", "a0=&a1=x&a2=Hall", "a0=%zz", "a0=a;a1=b", "a0=x&a0=y", "a0=%00&a3=%ff", strings.Repeat("a0=x&", 1000), "\x00", "a2=%22Lab%22"} {
		f.Add(seed)
	}
	account, caller := h.Account(), h.Admin()
	f.Fuzz(func(t *testing.T, form string) {
		got := h.Ask("POST", path, form, asForm)
		if got.Code != 200 && got.Code != 400 && got.Code != 413 {
			t.Fatalf("%q: %d %s", form, got.Code, got.Body)
		}
		if got.Code != 200 {
			return
		}
		d, err := h.Store.Device(t.Context(), account.No, phone.ID)
		if err != nil || reeve.CheckAnswers(account.IdentityFields, d.Identity) != nil {
			t.Fatalf("%q was taken: %+v, %v", form, d.Identity, err)
		}
		// The link is spent; another one is the same but for the command.
		p, err := h.Rules.Place(t.Context(), caller, control.Order{Action: "re-identify", IDs: []string{phone.ID}})
		if err != nil {
			t.Fatal(err)
		}
		path = strings.TrimPrefix(h.Link(account.LicenseKey, reeve.CommandID{Job: p.Job.ID}), doortest.PublicURL)
	})
}
