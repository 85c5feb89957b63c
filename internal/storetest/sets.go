package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testSets(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("versions rise and none is given twice", func(w *world) {
		other := w.addAccount("other", 0)
		first, second := w.set("daily", "a"), w.set("daily", "b")
		foreign, err := w.AddSet(w.ctx, reeve.SignatureSet{Account: other.No, Name: "daily", Created: noon}, entryOf(other.No, "set_created"))
		w.check(err)
		if first.Version != 1 || second.Version != 2 || foreign.Version != 1 {
			w.t.Errorf("versions %d, %d and %d", first.Version, second.Version, foreign.Version)
		}
		w.check(w.RemoveSet(w.ctx, w.account.No, "daily", 2, w.entry("set_removed")))
		w.wantKind(w.RemoveSet(w.ctx, w.account.No, "daily", 2, w.entry("set_removed")), reeve.NotFound)
		third := w.set("daily", "b")
		rules := w.set("a rule", "r")
		got, err := w.Sets(w.ctx, w.account.No)
		w.check(err)
		if d := cmp.Diff([]reeve.SignatureSet{rules, third, first}, got); d != "" || third.Version != 3 {
			w.t.Error(d)
		}
		digests, err := w.SetFiles(w.ctx, w.account.No)
		w.check(err)
		if d := cmp.Diff(map[string]bool{hash("a"): true, hash("b"): true, hash("r"): true}, digests); d != "" {
			w.t.Error(d)
		}
		entries, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 10})
		w.check(err)
		if last := entries[len(entries)-2]; last.Detail != `{"name":"daily","version":3}` {
			w.t.Errorf("the entry of a new version says %q", last.Detail)
		}
		_, err = w.AddSet(w.ctx, reeve.SignatureSet{Account: 99, Name: "daily"}, entryOf(99, "set_created"))
		w.wantKind(err, reeve.NotFound)
	})

	s.run("a group has its own settings or the account's", func(w *world) {
		w.wantSettings(0, reeve.GroupSettings{})
		daily := w.set("daily", "a")
		lab := w.group("lab")
		w.check(w.settle("", reeve.AgentSettings{Set: "daily", ReportNeighbours: true}))
		account := reeve.GroupSettings{AgentSettings: reeve.AgentSettings{Set: "daily", ReportNeighbours: true}, InForce: daily}
		w.wantSettings(noon.Unix()+1, account)

		newer := w.set("daily", "b")
		account.InForce = newer
		w.check(w.SetAgentSettings(w.ctx, w.account.No, lab.ID, func(s *reeve.AgentSettings) (reeve.AuditEntry, error) {
			if d := cmp.Diff(account.AgentSettings, *s); d != "" {
				w.t.Errorf("a group begins with the account's settings: %s", d)
			}
			s.SetVersion, s.Engines = 1, []string{"builtin"}
			return w.entry("agents_changed"), nil
		}))
		own := reeve.GroupSettings{Group: lab.ID, GroupNo: lab.No, InForce: daily,
			AgentSettings: reeve.AgentSettings{Set: "daily", SetVersion: 1, ReportNeighbours: true, Engines: []string{"builtin"}}}
		w.wantSettings(noon.Unix()+3, account, own)

		for _, version := range []int64{1, 2} {
			w.wantKind(w.RemoveSet(w.ctx, w.account.No, "daily", version, w.entry("set_removed")), reeve.Conflict)
		}
		refused := errors.New("no")
		err := w.SetAgentSettings(w.ctx, w.account.No, lab.ID, func(s *reeve.AgentSettings) (reeve.AuditEntry, error) {
			s.Quarantine = true
			return w.entry("agents_changed"), refused
		})
		if !errors.Is(err, refused) {
			w.t.Errorf("the error became %v", err)
		}
		w.wantKind(w.settle("", reeve.AgentSettings{Set: "weekly"}), reeve.NotFound)
		w.wantKind(w.settle("", reeve.AgentSettings{Set: "daily", SetVersion: 3}), reeve.NotFound)
		w.wantKind(w.settle(reeve.NewID(), reeve.AgentSettings{}), reeve.NotFound)
		w.wantSettings(noon.Unix()+3, account, own)

		w.check(w.RemoveAgentSettings(w.ctx, w.account.No, lab.ID, w.entry("agents_changed")))
		w.wantKind(w.RemoveAgentSettings(w.ctx, w.account.No, lab.ID, w.entry("agents_changed")), reeve.NotFound)
		w.wantSettings(noon.Unix()+4, account)
		w.check(w.RemoveSet(w.ctx, w.account.No, "daily", 1, w.entry("set_removed")))
		w.check(w.settle(lab.ID, reeve.AgentSettings{}))
		w.check(w.removeGroup(w.account.No, lab.ID))
		w.wantSettings(noon.Unix()+6, account)
		w.check(w.RemoveAgentSettings(w.ctx, w.account.No, "", w.entry("agents_changed")))
		w.wantSettings(noon.Unix()+7, reeve.GroupSettings{})
	})

	s.run("a revision rises with the clock", func(w *world) {
		e := w.entry("agents_changed")
		e.At = noon.Add(time.Hour)
		w.check(w.SetAgentSettings(w.ctx, w.account.No, "", func(*reeve.AgentSettings) (reeve.AuditEntry, error) { return e, nil }))
		w.wantSettings(noon.Add(time.Hour).Unix(), reeve.GroupSettings{})
		w.check(w.settle("", reeve.AgentSettings{}))
		w.wantSettings(noon.Add(time.Hour).Unix()+1, reeve.GroupSettings{})
	})

	s.run("devices are in groups", func(w *world) {
		devices := w.fleet(0, 3)
		nos := []int64{devices[0].No, devices[1].No, devices[2].No, 9999}
		got, err := w.Memberships(w.ctx, nos)
		w.check(err)
		if len(got) != 0 {
			w.t.Errorf("before anything was set: %+v", got)
		}
		w.check(w.settle("", reeve.AgentSettings{}))
		lab := w.group("lab")
		moved := devices[1]
		moved.GroupID = lab.ID
		w.save(w.account.No, moved)
		w.archive(devices[2])
		got, err = w.Memberships(w.ctx, nos)
		w.check(err)
		want := map[int64]int64{devices[0].No: w.account.DefaultGroup, moved.No: lab.No}
		for _, m := range got {
			if want[m.Device] != m.GroupNo || m.Account != w.account.No || m.Revision != noon.Unix() {
				w.t.Errorf("%+v, want the groups %v", m, want)
			}
		}
		if len(got) != len(want) {
			w.t.Errorf("%+v, want the groups %v", got, want)
		}
	})
}

// set adds a version with one file.
func (w *world) set(name, content string) reeve.SignatureSet {
	w.t.Helper()
	e := w.entry("set_created")
	e.Detail = `{"name":"` + name + `"}`
	s, err := w.AddSet(w.ctx, reeve.SignatureSet{Account: w.account.No, Name: name, Description: "test", Created: noon, By: "someone",
		Files: []reeve.SetFile{{Name: "one.hsb", Size: int64(len(content)), SHA256: hash(content)}}}, e)
	w.check(err)
	return s
}

func (w *world) settle(group string, to reeve.AgentSettings) error {
	return w.SetAgentSettings(w.ctx, w.account.No, group, func(s *reeve.AgentSettings) (reeve.AuditEntry, error) {
		*s = to
		return w.entry("agents_changed"), nil
	})
}

func (w *world) wantSettings(revision int64, want ...reeve.GroupSettings) {
	w.t.Helper()
	got, rose, err := w.AgentSettings(w.ctx, w.account.No)
	w.check(err)
	if d := cmp.Diff(want, got); d != "" || rose != revision {
		w.t.Errorf("revision %d, want %d; %s", rose, revision, d)
	}
}
