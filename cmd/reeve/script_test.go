package main

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"reeve"
	"reeve/internal/doortest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"reeve": main})
}

type houseKey struct{}

// TestScripts runs testdata/*.txtar, each with a server of its own that has
// three devices with agents, $LINUX, $WINDOWS and $PHONE. The agents do nothing
// unless a script says "agents STATE": from then on they report that state of
// everything that is ordered of them. "person NAME FILE" makes an operator, and a
// file with a token that this one agreed to.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			h := doortest.Open(env.T().(testing.TB), doortest.Options{})
			server := httptest.NewServer(h.Handler)
			env.Defer(server.Close)
			env.Setenv("REEVE_URL", server.URL)
			env.Setenv("REEVE_CLIENT_ID", h.First.ClientID)
			env.Setenv("REEVE_CLIENT_SECRET", h.First.ClientSecret)
			env.Setenv("LINUX", h.Enrol("linux", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:01").ID)
			env.Setenv("WINDOWS", h.Enrol("windows", reeve.Persistent, reeve.Windows, "7.6.300.0", "00:0c:29:00:00:02").ID)
			env.Setenv("PHONE", h.Enrol("phone", reeve.Mobile, reeve.IOS, "8.0.0.0", "00:0c:29:00:00:03").ID)
			env.Values[houseKey{}] = h
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"agents": func(ts *testscript.TestScript, neg bool, args []string) {
				state, ok := reeve.ParseState(args[0])
				if !ok || neg {
					ts.Fatalf("usage: agents STATE")
				}
				startAgents(ts, ts.Value(houseKey{}).(*doortest.House), state)
			},
			"person": func(ts *testscript.TestScript, neg bool, args []string) {
				h := ts.Value(houseKey{}).(*doortest.House)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(h.OperatorToken(args[0], reeve.Read, reeve.Write)+"\n"), 0o600))
			},
		},
	})
}

// startAgents reports a state of every open command until the script ends.
func startAgents(ts *testscript.TestScript, h *doortest.House, state reeve.State) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.Tick(5 * time.Millisecond); ctx.Err() == nil; <-tick {
			jobs, _ := h.Store.OpenJobs(ctx)
			for _, id := range jobs {
				commands, _ := h.Store.Commands(ctx, h.First.Account.No, id, []reeve.State{reeve.Queued, reeve.Sent, reeve.Running}, 0, 100)
				var batch []reeve.Report
				for _, c := range commands {
					batch = append(batch, reeve.Report{ID: c.ID, Device: c.DeviceNo, State: state, Message: "said the agent"})
				}
				h.Store.Report(ctx, time.Now(), batch)
			}
		}
	}()
	ts.Defer(func() {
		stop()
		<-done
	})
}
