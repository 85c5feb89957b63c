package swarm

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"reeve/internal/agent/line"
	"reeve/internal/link"
)

const fetchLog = "fetch_agent_log"

// outcome is how a command ends. It follows from the order and the device, so a
// repeat is answered alike although nothing was kept.
func (d *device) outcome(o line.Order) link.Report {
	r := link.Report{Command: o.Command, State: succeeded}
	w := d.place.kind.Work[o.Action]
	if w.Fails > 0 && d.chance("fails "+o.Command) < w.Fails {
		r.State, r.Message = failed, "the simulated device fails now and then"
		return r
	}
	switch o.Action {
	case "scan_threats":
		r.Result, r.Message = d.scan(o, w)
	case "re-identify":
		r.Identity = d.identity(o.Params)
		r.Message = fmt.Sprintf("%d fields were answered", len(r.Identity))
	case "dhcprenew":
		address := d.derive("address")
		r.Message = fmt.Sprintf("eth0: renewed 10.%d.%d.%d", address[0], address[1], address[2])
		r.Result = fmt.Appendf(nil, `{"interfaces":[{"interface":"eth0","new":{"address":"10.%d.%d.%d",`+
			`"server":"10.%d.0.1","lease_seconds":3600},"changed":false}]}`, address[0], address[1], address[2], address[0])
	case fetchLog:
		r.Message = "the log was packed"
	case retire:
		r.Message = "the agent leaves"
	}
	return r
}

// identity answers what the order asks, as the fleet says or with the field's
// name and the device's number.
func (d *device) identity(params []byte) map[string]string {
	var asked struct {
		Fields []struct {
			Name    string   `json:"name"`
			Type    string   `json:"type"`
			Choices []string `json:"choices"`
		} `json:"fields"`
	}
	json.Unmarshal(params, &asked) // without fields there is nothing to answer
	answers := map[string]string{}
	for _, f := range asked.Fields {
		switch pattern, given := d.place.kind.Identity[f.Name]; {
		case given:
			answers[f.Name] = d.named(pattern)
		case f.Type == "choice" && len(f.Choices) > 0:
			answers[f.Name] = f.Choices[d.number%len(f.Choices)]
		case f.Type == "number" || f.Type == "phone":
			answers[f.Name] = d.named("1000{n}")
		case f.Name == "email" || f.Type == "email":
			answers[f.Name] = d.named("user{n}@example.org")
		default:
			answers[f.Name] = d.named(f.Name + " {n}")
		}
	}
	return answers
}

// areaNames are the scan types as the real agent calls them, by their numbers.
var areaNames = []string{"Memory", "System Volume", "Portable Volumes", "Additional Volumes", "Specific Path", "Boot Records"}

// scan makes a result in the real agent's shape.
func (d *device) scan(o line.Order, w Work) (json.RawMessage, string) {
	var ordered struct {
		FullScan  int    `json:"full_scan"`
		ScanTypes []int  `json:"scan_types"`
		Path      string `json:"path"`
	}
	json.Unmarshal(o.Params, &ordered) // the server has checked them
	if ordered.FullScan == 1 {
		ordered.ScanTypes = []int{1, 3}
	}
	root := "/"
	if d.place.kind.System == "windows" {
		root = `C:\`
	}
	type area struct {
		Type   int      `json:"type"`
		Name   string   `json:"name"`
		Roots  []string `json:"roots"`
		Status string   `json:"status"`
		Reason string   `json:"reason,omitempty"`
	}
	type threat struct {
		Path      string `json:"path"`
		Signature string `json:"signature"`
		Engine    string `json:"engine"`
		Size      int64  `json:"size"`
		SHA256    string `json:"sha256"`
		MD5       string `json:"md5"`
	}
	areas := []area{}
	for _, t := range ordered.ScanTypes {
		switch {
		case t < 0 || t >= len(areaNames):
		case t == 0 || t == 5:
			areas = append(areas, area{t, areaNames[t], []string{}, "not_scanned", "no engine of this agent can scan it"})
		case t == 4:
			areas = append(areas, area{t, areaNames[t], []string{ordered.Path}, "scanned", ""})
		default:
			areas = append(areas, area{t, areaNames[t], []string{root}, "scanned", ""})
		}
	}
	threats := []threat{}
	if w.Threats > 0 && d.chance("threats "+o.Command) < w.Threats {
		threats = append(threats, threat{
			root + "eicar.com", "Eicar-Test-Signature", "simulated", 68,
			"275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f", "44d88612fea8a8f36de82e1278abb02f",
		})
	}
	files := 1000 + int64(d.chance("files "+o.Command)*100_000)
	result, _ := json.Marshal(map[string]any{ // plain data, which cannot fail
		"started": o.Issued.UTC().Truncate(time.Second), "finished": o.Issued.UTC().Add(w.Max).Truncate(time.Second),
		"engines": []map[string]any{{
			"name": "simulated", "version": "1", "signatures": 1, "signature_digest": "", "signature_faults": 0,
		}},
		"areas": areas,
		"counts": map[string]int64{
			"files": files, "bytes": files * 40_000, "bytes_read": files * 100, "directories": files / 10,
			"skipped": 0, "errors": 0, "threats": int64(len(threats)),
		},
		"skipped": map[string]int64{}, "threats": threats, "threats_truncated": false,
		"errors": []any{}, "errors_total": 0,
	})
	return result, fmt.Sprintf("%d threats in %d files", len(threats), files)
}

// log makes the archive that fetch_agent_log sends.
func (d *device) log() []byte {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"logs/agent.log": d.named("time=2026-11-21T12:00:00.000Z level=INFO msg=\"simulated agent runs\" number={n}\n"),
		"settings.json":  fmt.Sprintf("{\"version\": %q, \"simulated\": true}\n", d.place.kind.Version),
	} {
		w, err := archive.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			panic(err) // memory does not fail
		}
	}
	archive.Close()
	return b.Bytes()
}
