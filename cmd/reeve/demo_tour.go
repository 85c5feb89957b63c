package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"reeve/client"
)

// introduce prints what a person needs to go on alone.
func (d *demo) introduce(device client.Device, took time.Duration) {
	action := d.first.URL + "/o/api/v3.3/devices/action"
	fmt.Fprintf(d.out, `Reeve runs, %.1[1]f s after it was started, on this machine only:

  console            %[11]s
  API                %[2]s
  agents' bus        %[10]s
  client id          %[3]s
  client secret      %[4]s
  authority          %[5]s
  devices            %[6]d simulated, %[7]d unknown, and this machine as %[8]s

The console's link is good once: choose a password, and you are in as %[12]s. Your browser
will not know the demo's certificate; that is as it should be on loopback.

A token, then an action on this machine, as any client of the published API would:

  TOKEN=$(curl -s --cacert %[5]s %[2]s/o/oauth/token \
    -d client_id=%[3]s \
    -d client_secret=%[4]s \
    -d grant_type=client_credentials | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s --cacert %[5]s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"types":"exempt","ids":["%[8]s"],"params":{"exempt_time":24}}' %[9]s
  curl -s --cacert %[5]s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"limit":50}' %[2]s/o/api/v3.7/devices
`, took.Seconds(), d.first.URL, d.first.ClientID, d.first.ClientSecret, d.ca(), demoDevices, demoUnknown, device.ID,
		action, d.server.Agents, d.first.Console, d.first.Operator)
	fmt.Fprintf(d.out, `
The same server from the command line:

  export REEVE_URL=%s REEVE_PIN=%s
  export REEVE_CLIENT_ID=%s REEVE_CLIENT_SECRET=%s
  bin/reeve devices list
  bin/reeve act dhcprenew --all --offline skip --wait
  bin/reeve log
`, d.first.URL, d.first.Pin, d.first.ClientID, d.first.ClientSecret)
}

// tour performs a scan and fetches the agent's log through the published API,
// and shows what the agent's local policy refuses.
func (d *demo) tour(ctx context.Context, device client.Device) error {
	p, err := d.published(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\nscan_threats of %s on this machine; the agent's policy allows no other place:\n", d.files())
	scan, err := p.order(ctx, fmt.Sprintf(`{"types":"scan_threats","ids":[%q],"params":{"full_scan":0,"scan_types":[4],"path":%q}}`, device.ID, d.files()))
	if err != nil {
		return err
	}
	if err := p.report(ctx, d.out, "scan_threats_log", scan); err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\nfetch_agent_log on this machine:")
	fetch, err := p.order(ctx, fmt.Sprintf(`{"types":"fetch_agent_log","ids":[%q]}`, device.ID))
	if err != nil {
		return err
	}
	if err := p.report(ctx, d.out, "agent_log", fetch); err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\ndhcprenew on this machine, which the agent's policy refuses:")
	if err := d.refused(ctx, device); err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\nWho asked, by which door, and what became of it, in the log (bin/reeve log shows all):")
	return d.log(ctx)
}

// shownRows is how many rows of the log the demo prints.
const shownRows = 8

func (d *demo) log(ctx context.Context) error {
	entries, err := d.own.LogNewest(ctx, client.LogFilter{}, 0, shownRows)
	if err != nil {
		return err
	}
	slices.Reverse(entries)
	for _, e := range entries {
		who := cmp.Or(e.By, e.Actor)
		fmt.Fprintf(d.out, "  %4d  %-16s %-10s %-10s %s\n", e.Seq, e.Event, e.Source, who, words(e.Detail))
	}
	return nil
}

// refused orders what the policy forbids and shows how the command ends.
func (d *demo) refused(ctx context.Context, device client.Device) error {
	placed, err := d.own.Place(ctx, client.Order{Action: "dhcprenew", IDs: []string{device.ID}, Terms: client.Terms{Comment: "demo"}}, "")
	if err != nil {
		return err
	}
	job := *placed.Job
	for job.Open > 0 {
		if job, err = d.own.Await(ctx, job.ID, job.Open); err != nil {
			return err
		}
	}
	for command, err := range d.own.JobCommands(ctx, job.ID) {
		if err != nil {
			return err
		}
		fmt.Fprintf(d.out, "  %s: %s (%s)\n", command.ID, command.State, command.Message)
	}
	return nil
}

// published is a plain client of the published API.
type published struct {
	base, token string
	http        *http.Client
}

func (d *demo) published(ctx context.Context) (*published, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(d.server.CA)
	p := &published{base: d.first.URL, http: &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	}}
	form := url.Values{"client_id": {d.first.ClientID}, "client_secret": {d.first.ClientSecret}, "grant_type": {"client_credentials"}}
	body, _, err := p.call(ctx, "POST", "/o/oauth/token", "application/x-www-form-urlencoded", form.Encode())
	if err != nil {
		return nil, err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	err = json.Unmarshal(body, &answer)
	p.token = answer.Token
	return p, err
}

// order sends a Device Action on one device, shows both sides, and returns the
// command's id.
func (p *published) order(ctx context.Context, body string) (string, error) {
	answer, _, err := p.call(ctx, "POST", "/o/api/v3.3/devices/action", "application/json", body)
	if err != nil {
		return "", err
	}
	var outcomes []struct {
		Command string `json:"command_id"`
	}
	if err := json.Unmarshal(answer, &outcomes); err != nil || len(outcomes) != 1 || outcomes[0].Command == "" {
		return "", fmt.Errorf("the server answered %s", answer)
	}
	return outcomes[0].Command, nil
}

// report fetches the result as soon as there is one and shows its text files.
func (p *published) report(ctx context.Context, out io.Writer, kind, command string) error {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		body, media, err := p.call(ctx, "GET", "/o/api/v3.1/get_reports?type="+kind+"&command_id="+command, "", "")
		if err != nil {
			return err
		}
		if media == "application/zip" {
			return show(out, body)
		}
		var state struct{ Status, Message string }
		if err := json.Unmarshal(body, &state); err != nil || state.Status != "pending" {
			return fmt.Errorf("the report is not to be had: %s", body)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// shownLines is how much of each file the demo prints.
const shownLines = 6

func show(out io.Writer, archive []byte) error {
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	for _, f := range files.File {
		fmt.Fprintf(out, "  %s, %d bytes\n", f.Name, f.UncompressedSize64)
		r, err := f.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(io.LimitReader(r, 1<<10))
		r.Close()
		if err != nil {
			return err
		}
		for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			if i == shownLines {
				fmt.Fprintln(out, "    ...")
				break
			}
			fmt.Fprintln(out, "    "+line)
		}
	}
	return nil
}

// maxDemoAnswer bounds what the demo reads of an answer.
const maxDemoAnswer = 64 << 20

func (p *published) call(ctx context.Context, method, path, media, body string) ([]byte, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.base+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	answer, err := p.http.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxDemoAnswer))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the server answered %s: %s", answer.Status, text)
	}
	return text, answer.Header.Get("Content-Type"), err
}
