package cmapi

import (
	"bytes"
	"context"
	"crypto/subtle"
	_ "embed"
	"html/template"
	"net/http"

	"reeve"
	"reeve/internal/door"
	"reeve/internal/look"
)

// Accounts finds an account by the name that links have for it.
type Accounts interface {
	Accounts(ctx context.Context) ([]reeve.Account, error)
}

//go:embed remediation.html
var remediationText string

var remediationHTML = template.Must(template.New("remediation").Parse(remediationText))

// A remedy is what the page says of a posture.
type remedy struct{ Status, Why, Do string }

// remedies are Reeve's own words: the vendor's page could not be read.
var remedies = map[posture]remedy{
	installed:    {"Not assessed", "The agent runs on this device, and nobody has assessed its security yet.", "Leave the device on and connected. If you are kept out, ask your administrator."},
	compliant:    {"Compliant", "The agent runs on this device, and nothing speaks against it.", "There is nothing to do."},
	exempted:     {"Exempted", "An administrator has exempted this device.", "There is nothing to do."},
	outOfLicense: {"Out of license", "This device has no seat: more devices are enrolled than there are seats.", "Ask your administrator for a seat."},
	unknown:      {"Unknown", "No agent reports from this device.", "Install the agent and enrol it with the registration code that your administrator gives you."},
	ignored:      {"Ignored", "No agent reports from this device, and an administrator has set it aside.", "Ask your administrator if you need access."},
}

// remediationPageRoute is the page that remediation links lead to. It asks for
// no token; the link itself is the secret, so wrong ones count, in a counter of
// their own, and cannot be tried without end.
func (a *api) remediationPageRoute() door.Route {
	return door.Route{
		Method: "GET", Path: "/remediation/{license}/{device}/{mark}/remediation.html", Credentials: true, Counter: "link", Serve: a.showRemedy, Refuse: refuseRemedy,
		Page: &door.Page{
			Family: "Remediation Page", Source: "Get Remediation Link v3.0, whose example shows such an address; the page itself could not be read",
			About: "Shows the user of a device its name, how it stands, why, and what to do, as HTML. It needs no sign-in.",
			Inputs: []door.Field{
				{Name: "license", In: "path", Type: "string", About: "license key of the account"},
				{Name: "device", In: "path", Type: "string", About: "device id"},
				{Name: "mark", In: "path", Type: "string", About: "what makes the link good: a code that only this server can work out", Ours: true},
			},
			Answer: door.None,
			Codes:  map[int]string{404: "the link is wrong, or the device is not in the account any more", 429: "too many wrong links from this address"},
		},
	}
}

var errWrongLink = door.Refuse(reeve.Denied, http.StatusNotFound, "not_found", "this link leads to no device; ask for a new one")

// showRemedy serves the page. Nothing is looked up before the link is known to
// be one that this server made.
func (a *api) showRemedy(w http.ResponseWriter, r *door.Request) error {
	license, id := r.PathValue("license"), r.PathValue("device")
	if subtle.ConstantTimeCompare([]byte(r.PathValue("mark")), []byte(a.Mark(license, id))) != 1 {
		return errWrongLink
	}
	account, err := a.licensed(r.Context(), license)
	if err != nil {
		return err
	}
	d, err := a.Devices.Device(r.Context(), account.No, id)
	if err != nil {
		return missing(err, errLinkIsOver)
	}
	return writeRemedy(w, http.StatusOK, d.Hostname, remedies[a.lens(account).posture(d)])
}

// refuseRemedy answers what goes wrong in a browser, where a person looks.
func refuseRemedy(w http.ResponseWriter, _ *door.Request, f door.Failure) {
	err := writeRemedy(w, f.Status, "This does not work", remedy{Why: sentence(f.Message), Do: "Request " + f.RequestID})
	if err != nil {
		panic(err) // the template does not fit its data
	}
}

func writeRemedy(w http.ResponseWriter, status int, name string, told remedy) error {
	var page bytes.Buffer
	err := remediationHTML.Execute(&page, struct {
		styled
		Name string
		remedy
	}{Name: name, remedy: told})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+look.StyleSource+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(page.Bytes()) // who has gone away needs no page
	return nil
}

var errLinkIsOver = reeve.Errorf(reeve.NotFound, "this link leads to no device; ask for a new one")

// licensed returns the account with a license key. Accounts are few.
func (a *api) licensed(ctx context.Context, license string) (reeve.Account, error) {
	accounts, err := a.Accounts.Accounts(ctx)
	if err != nil {
		return reeve.Account{}, err
	}
	for _, account := range accounts {
		if account.LicenseKey == license {
			return account, nil
		}
	}
	return reeve.Account{}, errLinkIsOver
}
