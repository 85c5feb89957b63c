package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testCodes(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a code is kept as it was made, but for the code itself", func(w *world) {
		g := w.group("Lab")
		code := reeve.Code{Code: "ABCD1234", Hash: hash("ABCD1234"), Hint: "AB", Account: w.account.No, Note: "for the lab", GroupID: g.ID,
			Kind: reeve.Persistent, Uses: 3, Community: true, Expires: noon.Add(time.Hour), Created: noon.Add(time.Minute)}
		w.check(w.AddCode(w.ctx, code, w.entry("code_created")))
		codes, err := w.Codes(w.ctx, w.account.No)
		w.check(err)
		code.Code = ""
		if d := cmp.Diff(code, codes[len(codes)-1]); d != "" {
			w.t.Error(d)
		}
		w.wantKind(w.AddCode(w.ctx, code, w.entry("code_created")), reeve.Conflict)
		code.Hash, code.GroupID = hash("other"), reeve.NewID()
		w.wantKind(w.AddCode(w.ctx, code, w.entry("code_created")), reeve.NotFound)
	})

	s.run("a code whose group goes leads to the default group", func(w *world) {
		g := w.group("Lab")
		w.check(w.AddCode(w.ctx, reeve.Code{Hash: "h", Account: w.account.No, GroupID: g.ID, Created: noon.Add(time.Minute)}, w.entry("code_created")))
		w.check(w.removeGroup(w.account.No, g.ID))
		codes, err := w.Codes(w.ctx, w.account.No)
		w.check(err)
		if got := codes[len(codes)-1].GroupID; got != "" {
			w.t.Errorf("group %q, want none", got)
		}
	})

	s.run("codes are valid until they are revoked, over or used up", func(w *world) {
		for name, test := range map[string]struct {
			code  reeve.Code
			valid bool
		}{
			"no limits":   {reeve.Code{}, true},
			"not over":    {reeve.Code{Expires: noon.Add(time.Microsecond)}, true},
			"over":        {reeve.Code{Expires: noon}, false},
			"uses left":   {reeve.Code{Uses: 2, Used: 1}, true},
			"used up":     {reeve.Code{Uses: 2, Used: 2}, false},
			"without end": {reeve.Code{Used: 1000}, true},
		} {
			code := test.code
			code.Hash, code.Account, code.Created = hash(name), w.account.No, noon
			w.check(w.AddCode(w.ctx, code, w.entry("code_created")))
			err := w.Enrol(w.ctx, func(e reeve.Enrolling) error {
				got, account, err := e.Code(code.Hash, noon)
				if err == nil && (got.Hash != code.Hash || account.No != w.account.No) {
					w.t.Errorf("%s: %+v of %+v", name, got, account)
				}
				return err
			})
			revoking := w.RevokeCode(w.ctx, w.account.No, code.Hash, noon, w.entry("code_revoked"))
			if !test.valid {
				w.wantKind(err, reeve.NotFound)
				w.wantKind(revoking, reeve.NotFound)
				continue
			}
			w.check(err)
			w.check(revoking)
			w.wantKind(w.Enrol(w.ctx, func(e reeve.Enrolling) error { _, _, err := e.Code(code.Hash, noon); return err }), reeve.NotFound)
		}
	})

	s.run("a code is revoked once, and by its account only", func(w *world) {
		other := w.addAccount("other", 0)
		w.wantKind(w.RevokeCode(w.ctx, other.No, w.code, noon, entryOf(other.No, "code_revoked")), reeve.NotFound)
		w.check(w.RevokeCode(w.ctx, w.account.No, w.code, noon, w.entry("code_revoked")))
		w.wantKind(w.RevokeCode(w.ctx, w.account.No, w.code, noon, w.entry("code_revoked")), reeve.NotFound)
		codes, err := w.Codes(w.ctx, w.account.No)
		w.check(err)
		if !codes[0].Revoked.Equal(noon) {
			w.t.Errorf("revoked at %v", codes[0].Revoked)
		}
	})
}

func (w *world) group(name string) reeve.Group {
	w.t.Helper()
	g, err := w.AddGroup(w.ctx, w.account.No, reeve.Group{ID: reeve.NewID(), Name: name, Description: "about " + name,
		Created: noon, Modified: noon}, w.entry("group_created"))
	w.check(err)
	return g
}
