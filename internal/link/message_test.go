package link

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"reeve/internal/seal"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

var at = time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC)

// messages has one of each, with every member set. Agents that are out there
// read and write exactly these bytes: a change of a file in testdata is a change
// of the protocol, to be written down in doc.go.
var messages = map[string]any{
	"order": &Order{
		Header: seal.Header{
			Account: 7, Job: 0x19abcdef123, Action: "scan_threats", Params: []byte(`{"full_scan":1}`),
			Issued: at, DeliverBy: at.Add(time.Hour), FinishBy: at.Add(2 * time.Hour),
		},
		Proof: seal.Proof{Leaf: 42, Leaves: 100, Path: []byte("path"), Signature: []byte("signature"), SealKey: []byte("seal key")},
	},
	"report": &Report{
		Command: "0000019abcdef1230000002a", State: "succeeded", Reason: "policy", Percent: 50, Message: "done",
		Result: json.RawMessage(`{"threats":[]}`), Identity: map[string]string{"email": "user@example.com"}, Door: "window", User: "ann",
	},
	"saw": &Sightings{Machines: []Sighting{{Source: "directory", MAC: "00:0c:29:cd:c7:b2", Object: strings.Repeat("0b", 16), Hostname: "pc1.example.org",
		Addresses: []string{"192.0.2.7"}, System: "windows", OSName: "Windows 11 Pro", OSVersion: "10.0 (26100)", At: at}}},
	"ack":    &Ack{Commands: []string{"0000019abcdef1230000002a"}},
	"cancel": &Cancel{Job: 0x19abcdef123, At: at, Signature: []byte("signature"), SealKey: []byte("seal key")},
	"pause":  &Pause{Job: 0x19abcdef123, Paused: true, At: at, Signature: []byte("signature"), SealKey: []byte("seal key")},
	"hello": &Hello{
		Protocol: 1, Nonce: []byte("nonce"), Version: "26.11.0", Kind: "persistent", System: "linux",
		Actions: []string{"dhcprenew", "scan_threats"}, Hostname: "lab-1", Hardware: "a1b2", MACs: []string{"00:0c:29:cd:c7:b2"},
		Facts: json.RawMessage(`{"os_name":"Debian GNU/Linux"}`),
	},
	"welcome": &Welcome{At: at, BeatSeconds: 60, Signature: []byte("signature"), SealKey: []byte("seal key"),
		Settings: &Notice{Digest: "00ff", Within: 5}},
	"identity":  &Identity{Root: []byte("root"), RootCert: []byte("certificate"), Endorsement: []byte("endorsement")},
	"enrolment": &Enrolment{Code: "ABCD1234", Hello: Hello{Protocol: 1, Actions: []string{}, MACs: []string{}, Facts: json.RawMessage("{}"), Hardware: "a1b2"}},
	"enrolled": &Enrolled{
		Device: strings.Repeat("0a", 16), Account: 7, Address: "2s", Agents: "reeve.example.com:8444", TLS: true, At: at,
	},
	"received": &Received{Bytes: 1 << 20},
	"notice":   &Notice{Digest: "00ff", Within: 5},
	"manifest": &Manifest{Account: 7, Revision: 1795262400, Issued: at, Content: []byte("{}"), Signature: []byte("signature"), SealKey: []byte("seal key")},
	"settings": &Settings{
		Set:              &Set{Name: "daily", Version: 2, Files: []SetFile{{Name: "a.hsb", Size: 5, SHA256: "00ff"}}},
		ReportNeighbours: true, Quarantine: true, Engines: []string{"builtin"},
	},
	"retirement": &Retirement{},
	"failure":    &Failure{Error: "invalid_request", Description: "the body is not JSON"},
}

func TestWire(t *testing.T) {
	for name, message := range messages {
		t.Run(name, func(t *testing.T) {
			// The test is only worth something while it shows every member.
			for v, i := reflect.ValueOf(message).Elem(), 0; i < v.NumField(); i++ {
				if v.Field(i).IsZero() {
					t.Errorf("member %s is not set", v.Type().Field(i).Name)
				}
			}
			got, err := json.MarshalIndent(message, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the wire has changed; if that is meant, say so in doc.go and run with -update:\n%s", got)
			}
			read := reflect.New(reflect.TypeOf(message).Elem()).Interface()
			if err := json.Unmarshal(want, read); err != nil {
				t.Fatal(err)
			}
			if again, _ := json.MarshalIndent(read, "", "  "); !bytes.Equal(append(again, '\n'), want) {
				t.Errorf("what is read is not what was written:\n%s", again)
			}
		})
	}
	if files, _ := filepath.Glob("testdata/*.json"); len(files) != len(messages) {
		t.Errorf("testdata has %d messages; there are %d", len(files), len(messages))
	}
}

// A peer of a later version may say more.
func TestUnknownMembersAreIgnored(t *testing.T) {
	for name, message := range messages {
		known, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		more := bytes.Replace(known, []byte("{"), []byte(`{"unheard_of":{"of":[1]},"State2":null,`), 1)
		more = bytes.Replace(more, []byte(",}"), []byte("}"), 1)
		read := reflect.New(reflect.TypeOf(message).Elem()).Interface()
		if err := json.Unmarshal(more, read); err != nil {
			t.Errorf("%s with members of a later version: %v", name, err)
		}
		if again, _ := json.Marshal(read); !bytes.Equal(again, known) {
			t.Errorf("%s with members of a later version reads as %s", name, again)
		}
	}
}

// An order that travelled still fits its seal, which is over microseconds.
func TestOrderKeepsItsTimes(t *testing.T) {
	sent := *messages["order"].(*Order)
	raw, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	var got Order
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if !got.Header.Issued.Equal(sent.Header.Issued) || !bytes.Equal(got.Header.Params, sent.Header.Params) {
		t.Errorf("%+v arrived as %+v", sent.Header, got.Header)
	}
	if want := "0000019abcdef1230000002a"; got.Command() != want {
		t.Errorf("Command() = %q; want %q", got.Command(), want)
	}
}

// Every part of a request counts.
func TestSignedRequest(t *testing.T) {
	a := SignedRequest("POST", PathEnrol, "00ff", "1795262400")
	for _, b := range [][]byte{
		SignedRequest("PUT", PathEnrol, "00ff", "1795262400"),
		SignedRequest("POST", PathRetire, "00ff", "1795262400"),
		SignedRequest("POST", PathEnrol+"\n00ff", "", "1795262400"),
		SignedRequest("POST", PathEnrol, "01ff", "1795262400"),
		SignedRequest("POST", PathEnrol, "00ff", "1795262401"),
	} {
		if bytes.Equal(a, b) {
			t.Errorf("%q is signed for two requests", a)
		}
	}
}
