package cmapi

import (
	"bytes"
	"crypto/subtle"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

// maxAnswers is the largest form of answers in bytes: every field of an account
// with the longest answer, each byte of it escaped, fits.
const maxAnswers = 128 << 10

//go:embed identify.html
var identifyText string

var identifyHTML = template.Must(template.New("identify").Parse(identifyText))

// AnswerPath is the path of the page where the user of a device answers a
// command of re-identify; the mark makes it good.
func AnswerPath(license, command, mark string) string {
	return "/identify/" + license + "/" + command + "/" + mark + "/identify.html"
}

// identifyRoutes are the page's. As with remediation links the address is the
// secret: it opens one page for one command, until that has ended. The page
// changes something only when its form is sent, since programs that look after
// mail open the links in it.
func (a *api) identifyRoutes() []door.Route {
	inputs := []door.Field{
		{Name: "license", In: "path", Type: "string", About: "license key of the account"},
		{Name: "command", In: "path", Type: "string", About: "id of the command"},
		{Name: "mark", In: "path", Type: "string", About: "what makes the link good: a code that only this server can work out"},
	}
	codes := map[int]string{
		404: "the link is wrong, or the command is not there any more",
		409: "the link was used before, or its time is over, or the job was cancelled",
		429: "too many wrong links from this address",
	}
	route := func(method, about string, serve func(http.ResponseWriter, *door.Request) error, inputs []door.Field, notes ...string) door.Route {
		return door.Route{
			Method: method, Path: AnswerPath("{license}", "{command}", "{mark}"), Credentials: true, Counter: "link", Serve: serve, Refuse: refuseAnswers,
			Page: &door.Page{Family: "Identity Page", About: about, Inputs: inputs, Answer: door.None, Codes: codes, Notes: notes},
		}
	}
	ask := route("GET", "Asks the user of a device, as HTML, what a command of re-identify asks. It needs no sign-in: GET /api/v1/commands/{id} tells the link.", a.showQuestions, inputs,
		"Devices with a mobile agent are asked in this way, and so are those with an agent on demand that is not connected.")
	answer := route("POST", "Takes the answers of the page's form, by which the command succeeds and the link ends.", a.takeAnswers,
		append(inputs[:len(inputs):len(inputs)], door.Field{Name: "a0, a1", In: "form", Type: "string", About: "the answers in the order of the questions, and so on"}),
		"Answers that do not fit the questions are 400, with the form once more.")
	answer.Verb = "reports"
	return []door.Route{ask, answer}
}

// A question is a field with what was answered before, on the page.
type question struct {
	reeve.IdentityField
	Key, Answer string
	Fault       string // what is wrong with the answer
	First       bool   // it is the first that is wrong
}

// Input is the type of the HTML element.
func (q question) Input() string {
	kind, _ := q.Kind()
	return kind.Input
}

// An answerForm is what the page shows: the questions, or what there is to tell.
type answerForm struct {
	styled
	Title, Told, RequestID   string
	Account, Hostname, Until string
	Fault                    string
	Questions                []question
}

// Longest is how long an answer may be.
func (answerForm) Longest() int { return reeve.MaxAnswer }

// answeredWrongly has the form shown once more.
type answeredWrongly struct {
	error
	form answerForm
}

func (e *answeredWrongly) Unwrap() error { return e.error }

// asked returns what a link asks. Nothing is looked up before the link is known
// to be one that this server made.
func (a *api) asked(r *door.Request) (control.Questionnaire, reeve.CommandID, error) {
	license, name := r.PathValue("license"), r.PathValue("command")
	id, ok := reeve.ParseCommandID(name)
	if !ok || subtle.ConstantTimeCompare([]byte(r.PathValue("mark")), []byte(a.AnswerMark(license, name))) != 1 {
		return control.Questionnaire{}, id, errWrongLink
	}
	q, err := a.Rules.Asked(r.Context(), license, id)
	return q, id, err
}

// formOf is the form: new without answers, else with what is wrong beside each.
func formOf(q control.Questionnaire, answers map[string]string) answerForm {
	f := answerForm{Title: "Who uses this device?", Account: q.Account.Name, Hostname: q.Hostname, Until: q.Until.Format("2 January 2006, 15:04 MST")}
	for i, field := range q.Fields {
		asked := question{IdentityField: field, Key: answerKey(i), Answer: answers[field.Name]}
		if answers != nil {
			if err := field.Check(asked.Answer); err != nil {
				asked.Fault, asked.First = sentence(reeve.Message(err)), f.Fault == ""
				f.Fault = "Nothing was sent yet: please look at what is marked below."
			}
		}
		f.Questions = append(f.Questions, asked)
	}
	return f
}

// answerKey is the name in the form of the answer to the i-th question.
func answerKey(i int) string { return fmt.Sprintf("a%d", i) }

func (a *api) showQuestions(w http.ResponseWriter, r *door.Request) error {
	q, _, err := a.asked(r)
	if err != nil {
		return err
	}
	return writeAnswers(w, http.StatusOK, formOf(q, nil))
}

func (a *api) takeAnswers(w http.ResponseWriter, r *door.Request) error {
	q, id, err := a.asked(r)
	if err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return door.Refuse(reeve.Invalid, http.StatusUnsupportedMediaType, "unsupported_media_type", "the answers must be sent as a form")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswers))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return reeve.Errorf(reeve.TooLarge, "the answers are longer than %d bytes; shorten them", maxAnswers)
	}
	if err != nil {
		return reeve.Errorf(reeve.Invalid, "the form ended before its announced length; send it again").Because(err)
	}
	answers, err := readAnswers(string(body), q.Fields)
	if err == nil {
		err = a.Rules.Identify(r.Context(), q.Account.LicenseKey, id, answers, control.From{Address: r.Caller.Address, RequestID: r.Caller.RequestID})
	}
	if reeve.KindOf(err) == reeve.Invalid {
		return &answeredWrongly{err, formOf(q, answers)}
	}
	if err != nil {
		return err
	}
	return writeAnswers(w, http.StatusOK, answerForm{Title: "Thank you", Told: "Your answers have been sent. You can close this page."})
}

// readAnswers reads the form: one answer for each field at most.
func readAnswers(body string, fields []reeve.IdentityField) (map[string]string, error) {
	sent, err := url.ParseQuery(body)
	if err != nil {
		return nil, reeve.Errorf(reeve.Invalid, "the form could not be read; send it again").Because(err)
	}
	answers := map[string]string{}
	for i, f := range fields {
		values := sent[answerKey(i)]
		if len(values) > 1 {
			return nil, reeve.Errorf(reeve.Invalid, "%s was answered twice; send one answer", f.Label)
		}
		if len(values) == 1 {
			answers[f.Name] = strings.TrimSpace(values[0])
		}
	}
	return answers, nil
}

// refuseAnswers answers what goes wrong in a browser, where a person looks.
func refuseAnswers(w http.ResponseWriter, _ *door.Request, f door.Failure) {
	page := answerForm{Title: "This does not work", Told: sentence(f.Message), RequestID: f.RequestID}
	if again, ok := errors.AsType[*answeredWrongly](f.Err); ok {
		if page = again.form; page.Fault == "" {
			page.Fault = sentence(f.Message)
		}
	}
	if err := writeAnswers(w, f.Status, page); err != nil {
		panic(err) // the template does not fit its data
	}
}

func writeAnswers(w http.ResponseWriter, status int, f answerForm) error {
	var page bytes.Buffer
	if err := identifyHTML.Execute(&page, f); err != nil {
		return err
	}
	secure(w, "")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(page.Bytes()) // who has gone away needs no page
	return nil
}
