package act

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A scan that is stopped in the middle goes on there, with what it had found;
// unless the signatures are others by then. Files take ten seconds each.
func TestScanGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, root := machine(t)
		for i := range 6 {
			if err := os.WriteFile(fmt.Sprintf("%s/data/%d", root, i), []byte(eicar), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		params, _ := json.Marshal(scanParams{ScanTypes: []int{4}, Path: root + "/data"})
		task := Task{Command: "c1", Action: "scan_threats", Params: params}
		opened := map[string]int{}
		scanUntil := func(last string) (Outcome, scanResult) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			h.openFile = func(path string) (*os.File, error) {
				time.Sleep(10 * time.Second) // of the bubble's clock: nobody waits
				if opened[filepath.Base(path)]++; filepath.Base(path) == last {
					cancel(errors.New("the agent stops"))
				}
				return os.Open(path)
			}
			var r scanResult
			o := Run(ctx, h, task, nil)
			if err := json.Unmarshal(o.Result, &r); err != nil {
				t.Fatal(err)
			}
			return o, r
		}
		begun := now()
		if o, _ := scanUntil("3"); o.OK {
			t.Fatalf("it was not stopped: %+v", o)
		}
		o, r := scanUntil("")
		if !o.OK || o.Message != "7 threats in 7 files; interruptions: 1, and it went on" || len(r.Threats) != 7 || r.Interrupted != 1 || !r.Started.Equal(begun) {
			t.Errorf("it ended as %q: %+v", o.Message, r)
		}
		if opened["0"] != 1 || opened["2"] != 1 || opened["3"] != 2 || opened["5"] != 1 {
			t.Errorf("opened: %v", opened)
		}
		delete(h.kept, "c1")
		scanUntil("3")
		signatures := h.SignatureDirs()[0]
		if err := errors.Join(os.MkdirAll(signatures, 0o755), os.WriteFile(signatures+"/new.hdb", []byte("#\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
		if o, r := scanUntil(""); !o.OK || !strings.Contains(o.Message, "7 threats in 7 files; interrupted, and begun again: the signatures") || r.Interrupted != 1 {
			t.Errorf("with other signatures it ended as %q", o.Message)
		}
	})
}

// What cannot be kept or read again costs time and nothing else.
func TestScanWithoutRoomToKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, root := machine(t)
		h.keepErr = errors.New("the disk is full of holes")
		h.openFile = func(path string) (*os.File, error) {
			time.Sleep(10 * time.Second) // of the bubble's clock: nobody waits
			return os.Open(path)
		}
		var r scanResult
		o := run(t, h, "scan_threats", `{"scan_types":[4],"path":"`+root+`/data"}`, &r)
		if !o.OK || r.Counts.Threats != 1 || r.BeganAnew == "" {
			t.Errorf("it ended as %q", o.Message)
		}
	})
}
