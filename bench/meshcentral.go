package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// meshCentral is the peer of npm that the agent is measured beside.
const meshCentral = "meshcentral@1.1.55"

// The operator whom MeshCentral's own tools act for, on a server that lives for
// one run on loopback.
const (
	meshUser     = "bench"
	meshPassword = "Bench-12345"
)

// A mesh is a MeshCentral server with one device group.
type mesh struct {
	dir     string // of this run
	home    string // where npm put MeshCentral
	address string
}

// installMesh fetches the package from npm, once per machine.
func installMesh(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "reeve-bench", meshCentral)
	installed := filepath.Join(home, "node_modules", "meshcentral")
	if _, err := os.Stat(filepath.Join(installed, "meshcentral.js")); err == nil {
		return installed, nil
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	_, err = tool(ctx, home, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", home, meshCentral)
	return installed, err
}

// tool runs a program to its end and returns what it wrote.
func tool(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, args[0], err, out)
	}
	return string(out), nil
}

// openMesh starts a MeshCentral server that speaks to agents on loopback and
// fetches nothing.
func (b *bench) openMesh(ctx context.Context) (*mesh, error) {
	installed, err := installMesh(ctx)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	m := &mesh{dir: filepath.Join(b.dir, "mesh"), home: installed, address: fmt.Sprintf("127.0.0.1:%d", port)}
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return nil, err
	}
	config, _ := json.Marshal(map[string]any{
		"settings": map[string]any{
			"cert": "127.0.0.1", "port": port, "portBind": "127.0.0.1", "redirPort": 0, "mpsPort": 0,
			"WANonly": true, "selfUpdate": false,
		},
		"domains": map[string]any{"": map[string]any{"title": "bench"}},
	})
	if err := os.WriteFile(filepath.Join(m.dir, "config.json"), config, 0o600); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"--createaccount", meshUser, "--pass", meshPassword, "--email", "bench@example.org"},
		{"--adminaccount", meshUser},
	} {
		if _, err := tool(ctx, m.dir, "node", m.arguments(args...)...); err != nil {
			return nil, err
		}
	}
	server := exec.CommandContext(ctx, "node", m.arguments()...)
	server.Dir = m.dir
	if err := b.startGuest(server); err != nil {
		return nil, err
	}
	_, err = soon(ctx, func() (string, error) {
		c, err := net.Dial("tcp", m.address)
		if err != nil {
			return "", nil
		}
		return "serves", c.Close()
	})
	return m, err
}

func (m *mesh) arguments(more ...string) []string {
	return append([]string{m.home, "--datapath", m.dir, "--filespath", filepath.Join(m.dir, "files")}, more...)
}

// insecure asks a server of this run, whose certificate it made up itself.
var insecure = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

var meshID = regexp.MustCompile(`mesh//([A-Za-z0-9@$]+)`)

// startAgent starts MeshCentral's agent and returns its process.
func (m *mesh) startAgent(ctx context.Context, b *bench) (*exec.Cmd, error) {
	said, err := tool(ctx, m.dir, "node", filepath.Join(m.home, "meshctrl.js"), "AddDeviceGroup", "--name", "bench",
		"--url", "wss://"+m.address, "--loginuser", meshUser, "--loginpass", meshPassword)
	if err != nil {
		return nil, err
	}
	group := meshID.FindStringSubmatch(said)
	if group == nil {
		return nil, fmt.Errorf("MeshCentral made no device group: %s", said)
	}
	answer, err := insecure.Get("https://" + m.address + "/meshsettings?id=" + group[1])
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	settings, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	home := filepath.Join(m.dir, "agent")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	program, err := os.ReadFile(filepath.Join(m.home, "agents", "meshagent_x86-64"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(home, "meshagent"), program, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(home, "meshagent.msh"), settings, 0o600); err != nil {
		return nil, err
	}
	agent := exec.CommandContext(ctx, filepath.Join(home, "meshagent"))
	agent.Dir = home
	return agent, b.startGuest(agent)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
