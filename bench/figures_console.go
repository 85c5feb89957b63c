package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"reeve"
	"reeve/internal/serve"
)

// browsed is how many devices the server has whose console is opened.
const browsed = 2000

// A painted is what a browser saw of the worst page of the console.
type painted struct {
	Paint       float64 `json:"paint"`       // milliseconds
	Transferred float64 `json:"transferred"` // bytes
}

// opened keeps what one run of the bench has found, for both figures.
var opened struct {
	once sync.Once
	painted
	err error
}

// What a person waits for who opens the console.
func init() {
	const where = " when a browser that has loaded nothing yet opens the overview or the list of devices of the console, whichever takes more"
	for _, f := range []struct {
		name, about string
		goal        goal
		of          func(painted) float64
	}{
		{"console-first-paint-ms", "median time to the first paint with contents" + where, atMost(300), func(p painted) float64 { return p.Paint }},
		{"console-transferred-kilobytes", "what comes over the wire" + where, atMost(200), func(p painted) float64 { return p.Transferred / 1e3 }},
	} {
		define(figure{name: f.name, goal: f.goal, about: f.about, run: func(ctx context.Context, b *bench) (float64, error) {
			opened.once.Do(func() { opened.painted, opened.err = b.openConsole(ctx) })
			return f.of(opened.painted), opened.err
		}})
	}
}

// openConsole starts a server with devices, and Chromium on its console.
func (b *bench) openConsole(ctx context.Context) (seen painted, err error) {
	var first serve.Bootstrap
	server, err := serve.Open(ctx, serve.Config{
		Data: filepath.Join(b.dir, "server"), Listen: "127.0.0.1:0", Agents: "127.0.0.1:0", TLS: "auto", RateLimit: "off",
		Show: func(shown serve.Bootstrap) { first = shown },
	})
	if err != nil {
		return seen, err
	}
	b.after(func() { server.Close(ctx) })
	accounts, err := server.Store.Accounts(ctx)
	if err != nil {
		return seen, err
	}
	devices := make([]reeve.Device, browsed)
	for i := range devices {
		devices[i] = reeve.Device{Hostname: fmt.Sprintf("device-%04d", i), MACs: []reeve.MAC{reeve.MAC(0x020000000000 + i)}}
	}
	admin := reeve.Caller{Account: accounts[0].No, Actor: "bench", Scopes: reeve.Scopes{reeve.Read, reeve.Write, reeve.Admin}}
	if _, err := server.Rules.Import(ctx, admin, devices, false); err != nil {
		return seen, err
	}
	authority := filepath.Join(b.dir, "authority.pem")
	if err := os.WriteFile(authority, server.CA, 0o600); err != nil {
		return seen, err
	}
	told, err := json.Marshal(map[string]string{"url": server.URL, "operator": first.Operator, "password": first.Password})
	if err != nil {
		return seen, err
	}
	node := exec.CommandContext(ctx, "node", "../e2e/paint.mjs")
	node.Env = append(os.Environ(), "REEVE_E2E="+string(told), "NODE_EXTRA_CA_CERTS="+authority)
	node.Stderr = os.Stderr
	said, err := node.Output()
	if err == nil {
		err = json.Unmarshal(said, &seen)
	}
	if err != nil {
		return seen, fmt.Errorf("e2e/paint.mjs, which needs chromium, node and scripts/npm.sh e2e: %w", err)
	}
	return seen, nil
}
