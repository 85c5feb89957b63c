package proof

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/agent"
	"reeve/internal/serve"
	"reeve/internal/swarm"
)

// secrets are what must be nowhere, by name.
type secrets map[string]string

// spellings are the forms in which a secret could be written.
func spellings(secret string) []string {
	return []string{
		secret, url.QueryEscape(secret), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
}

// search looks for all secrets in a text.
func (s secrets) search(t *testing.T, where string, text []byte) {
	t.Helper()
	for name, secret := range s {
		for _, form := range spellings(secret) {
			if at := bytes.Index(text, []byte(form)); at >= 0 {
				t.Errorf("%s is in %s: ...%q...", name, where, text[max(0, at-80):min(len(text), at+len(form)+20)])
				break
			}
		}
	}
}

// searchFolder looks into all files below a folder but those that are left out.
func (s secrets) searchFolder(t *testing.T, dir string, without ...string) (files int) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || slices.Contains(without, filepath.Base(path)) {
			if e != nil && e.IsDir() {
				return filepath.SkipDir
			}
			return err
		}
		if e.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			s.search(t, path, text)
		}
		return nil
	}))
	return files
}

// After everything that can be done with secrets was done, rightly and wrongly,
// none is in a log, in the database or in what agents send.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	// In this process, since it has no other way to log everything.
	s := newServer(t)
	running, err := serve.Open(t.Context(), serve.Config{
		Data: s.data, Listen: s.listen, Agents: s.agents, TLS: "auto", RateLimit: "off", Bootstrap: s.file, Version: "test",
		Log: slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	must(t, err)
	s.meet()
	found := secrets{"the first secret": s.first.ClientSecret, "the first password": s.first.Password, "the first code": s.first.RegistrationCode}
	s.grant()
	found["the first token"] = s.token
	s.useTokens(t, found)
	s.useCredentials(t, found)
	s.useGrants(t, found)

	muster(t, s, 5, one(func(*swarm.Kind) {}))
	a := newAgent(t, s, &agent.Policy{Actions: map[string]bool{"dhcprenew": false}}).start()
	found["the agent's key"] = string(a.identity().Seed)
	for _, action := range []string{"fetch_agent_log", "dhcprenew"} {
		s.order(client.Order{Action: action, All: true, Terms: client.Terms{Comment: "for the proof"}})
	}
	fetch := s.order(client.Order{Action: "fetch_agent_log", IDs: []string{a.device()}}).Outcomes[0].Command
	if c := s.ended(fetch, time.Minute); c.State != "succeeded" {
		t.Fatalf("fetching the log ended as %+v", c)
	}
	status, archive := s.get("/o/api/v3.1/get_reports?type=agent_log&command_id=" + fetch + "&access_token=" + s.token)
	if status != http.StatusOK {
		t.Fatalf("the log is answered with %d %s", status, archive)
	}
	searchArchive(t, found, archive)
	a.terminate(t)
	if out, code := call(t, nil, program("reeve-agent"), "retire", "--state", a.state); code != 0 {
		t.Errorf("retiring ended with %d and %s", code, out)
	}

	for _, file := range []string{"root.key", "seal.key", "head.key"} {
		text, err := os.ReadFile(filepath.Join(s.data, "keys", file))
		must(t, err)
		block, _ := pem.Decode(text)
		found["the server's "+file] = string(block.Bytes)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		found["the last line of the server's "+file] = lines[len(lines)-2]
	}
	var rows bytes.Buffer
	for after := int64(0); ; {
		entries, err := s.own.LogAfter(t.Context(), client.LogFilter{}, after, 0)
		must(t, err)
		if len(entries) == 0 {
			break
		}
		must(t, json.NewEncoder(&rows).Encode(entries))
		after = entries[len(entries)-1].Seq
	}
	found.search(t, "the log of the account", rows.Bytes())
	_, published, err := s.ask(t.Context(), "POST", "/o/api/v3/logs", `{}`)
	must(t, err)
	found.search(t, "the published log", published)
	for _, path := range []string{"/api/v1/apps", "/api/v1/operators", "/api/v1/codes", "/api/v1/accounts", "/api/v1/account"} {
		_, body := s.get(path)
		found.search(t, path, []byte(body))
	}
	found.searchFolder(t, s.data, "keys") // as it is while the server runs
	must(t, running.Close(t.Context()))
	out, code := call(t, nil, program("reeve"), "operators", "reset", "--data", s.data)
	if code != 0 {
		t.Errorf("a reset ended with %d and %s", code, out)
	}
	found["the password after a reset"] = strings.TrimSpace(out)

	found.search(t, "the server's log", []byte(s.log.String()))
	found.search(t, "what the agent wrote", []byte(a.log.String()))
	files := found.searchFolder(t, s.data, "keys") + found.searchFolder(t, a.state)
	// The search would find something if it were there.
	if rows.Len() < 1000 || files < 5 || !strings.Contains(s.log.String(), `"level":"DEBUG"`) || !strings.Contains(s.log.String(), s.first.ClientID) {
		t.Errorf("%d bytes of the log's rows and %d files were searched, and %d bytes of the server's log", rows.Len(), files, len(s.log.String()))
	}
	if len(found) < 15 {
		t.Errorf("only %d secrets were looked for", len(found))
	}
}

// useTokens fetches and uses tokens in every way that there is, and in some that
// there are not.
func (s *server) useTokens(t *testing.T, found secrets) {
	t.Helper()
	id, secret := s.first.ClientID, s.first.ClientSecret
	wrong := strings.Repeat("WRONGSECRET", 4)
	found["a wrong secret"] = wrong
	found["a wrong token"] = "NOTATOKEN" + strings.Repeat("7", 39)
	ask := func(method, target, contentType, body string, headers ...string) {
		request, err := http.NewRequest(method, s.first.URL+target, strings.NewReader(body))
		must(t, err)
		request.Header.Set("Content-Type", contentType)
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		answer, err := s.web.Do(request)
		must(t, err)
		text, err := io.ReadAll(answer.Body)
		must(t, err)
		answer.Body.Close()
		var granted struct {
			Token string `json:"access_token"`
		}
		if json.Unmarshal(text, &granted) == nil && granted.Token != "" {
			found["the token of "+method+" "+target[:8]+" "+contentType] = granted.Token
		} else {
			found.search(t, "the answer to "+method+" "+target[:8], text)
		}
	}
	const form, asJSON = "application/x-www-form-urlencoded", "application/json"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	found["the header of HTTP Basic"] = basic[6:]
	query := "grant_type=client_credentials&client_id=" + id + "&client_secret="
	ask("GET", "/o/oauth/token?"+query+secret, "", "")
	ask("GET", "/o/oauth2/token?"+query+wrong, "", "")
	ask("POST", "/o/oauth/token", form, "grant_type=client_credentials", "Authorization", basic)
	ask("POST", "/o/oauth/token", form, query+wrong)
	ask("POST", "/o/oauth/token", form, query+secret+"&client_secret="+wrong)
	ask("POST", "/o/oauth/token", form, query+secret+"%zz")
	ask("POST", "/o/oauth/token", asJSON, `{"client_secret":"`+secret+`"}`)
	ask("POST", "/o/oauth/token?"+query+secret, form, "grant_type=password&password="+s.first.Password)
	ask("PUT", "/o/oauth/token?"+query+secret, form, "")
	for _, token := range []string{s.token, found["a wrong token"]} {
		ask("GET", "/api/v1/jobs?access_token="+token, "", "")
		ask("GET", "/o/api/v3.1/get_reports?access_token="+token, "", "")
		ask("GET", "/o/api/v3.1/get_reports?type=agent_log&command_id="+token+"&access_token="+token, "", "")
		ask("GET", "/nowhere/"+token+"?access_token="+token, "", "")
		ask("DELETE", "/o/api/v3.3/devices/action?access_token="+token, "", "")
		ask("POST", "/o/api/v3.3/devices/action?access_token="+token, asJSON, `{"types":"exempt","ids":["`+token+`"`)
		ask("GET", "/api/v1/jobs/"+token, "", "", "Authorization", "Bearer "+token)
		ask("GET", "/api/v1/jobs?cursor="+token, "", "", "Authorization", "Bearer "+token)
		ask("POST", "/o/api/v3/logs", asJSON, `{}`, "Authorization", "Basic "+token)
	}
}

// useCredentials makes and ends apps, codes and accounts.
func (s *server) useCredentials(t *testing.T, found secrets) {
	t.Helper()
	app, err := s.own.CreateApp(t.Context(), client.NewApp{Name: "another", Scopes: []string{"read"}})
	must(t, err)
	found["another app's secret"] = app.ClientSecret
	found["another app's token"] = s.tokenOf(app.ClientID, app.ClientSecret)
	must(t, s.own.RevokeApp(t.Context(), app.ClientID))
	for _, how := range []string{"as the client does", "in the address"} {
		code, err := s.own.CreateCode(t.Context(), client.NewCode{Note: "another", Uses: 1})
		must(t, err)
		found["a code revoked "+how] = code.Code
		if how == "in the address" {
			_, _, err = s.ask(t.Context(), "DELETE", "/api/v1/codes/"+code.Code, "")
		} else {
			err = s.own.RevokeCode(t.Context(), code.Code)
		}
		must(t, err)
	}
	account, err := s.own.CreateAccount(t.Context(), client.NewAccount{Name: "another", Seats: 3})
	must(t, err)
	found["another account's secret"] = account.First.ClientSecret
	found["another account's password"] = account.First.Password
	found["another account's code"] = account.First.RegistrationCode
	// An enrolment with a code that is none.
	wrong := *s
	wrong.first.RegistrationCode = "Q0Q0Q0Q0"
	found["a wrong code"] = wrong.first.RegistrationCode
	a := newAgent(t, &wrong, nil)
	a.launch()
	if code := a.wait(t); code != 1 {
		t.Errorf("an agent with a wrong code ended with %d", code)
	}
	found.search(t, "what an agent with a wrong code wrote", []byte(a.log.String()))
}

// searchArchive looks into every file of a zip.
func searchArchive(t *testing.T, found secrets, archive string) {
	t.Helper()
	files, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	must(t, err)
	for _, f := range files.File {
		r, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		found.search(t, f.Name+" of the agent's log", text)
	}
	if len(files.File) < 2 {
		t.Errorf("the agent's log has %d files", len(files.File))
	}
}
