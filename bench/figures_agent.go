package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/serve"
)

// agentProgram is where make build puts the agent. The bench runs in its own folder.
const agentProgram = "../bin/reeve-agent"

func buildAgent(ctx context.Context) error {
	said, err := exec.CommandContext(ctx, "make", "-s", "-C", "..", "build").CombinedOutput()
	if err != nil {
		return fmt.Errorf("make build: %w: %s", err, said)
	}
	return nil
}

// What the agent costs the machine that it runs on.
func init() {
	define(figure{
		name:  "agent-binary-megabytes",
		goal:  atMost(12),
		about: "the agent's program, as make build makes it",
		run: func(ctx context.Context, b *bench) (float64, error) {
			if err := buildAgent(ctx); err != nil {
				return 0, err
			}
			file, err := os.Stat(agentProgram)
			if err != nil {
				return 0, err
			}
			return float64(file.Size()) / 1e6, nil
		},
	})
	define(figure{
		name:  "agent-resident-megabytes",
		goal:  atMost(10),
		about: "memory of the real agent, connected and idle for ten seconds after one upload of its log and one scan of 100 MB in 500 files",
		run:   func(ctx context.Context, b *bench) (float64, error) { return b.agentResident(ctx) },
	})
}

// startAgent starts the real server, and the real agent on it.
func (b *bench) startAgent(ctx context.Context) (*serve.Server, *exec.Cmd, error) {
	if err := buildAgent(ctx); err != nil {
		return nil, nil, err
	}
	var first serve.Bootstrap
	server, err := serve.Open(ctx, serve.Config{
		Data: filepath.Join(b.dir, "server"), Listen: "127.0.0.1:0", Agents: "127.0.0.1:0", TLS: "auto", RateLimit: "off",
		Show: func(shown serve.Bootstrap) { first = shown },
	})
	if err != nil {
		return nil, nil, err
	}
	b.after(func() { server.Close(ctx) })
	agent := exec.CommandContext(ctx, agentProgram, "run", "--server", server.URL, "--pin", server.Pin,
		"--code", first.RegistrationCode, "--state", filepath.Join(b.dir, "agent"))
	return server, agent, b.startGuest(agent)
}

// startGuest starts a program that ends with the figure, and with the bench
// however that ends.
func (b *bench) startGuest(program *exec.Cmd) error {
	program.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := program.Start(); err != nil {
		return err
	}
	b.after(func() {
		program.Process.Kill()
		program.Wait()
	})
	return nil
}

func (b *bench) agentResident(ctx context.Context) (float64, error) {
	server, agent, err := b.startAgent(ctx)
	if err != nil {
		return 0, err
	}
	files := filepath.Join(b.dir, "files")
	if err := writeFiles(files, 500, 200_000); err != nil {
		return 0, err
	}
	accounts, err := server.Store.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	caller := reeve.Caller{Account: accounts[0].No, Actor: "bench", Scopes: reeve.Scopes{reeve.Write}}
	device, err := soon(ctx, func() (string, error) {
		devices, err := server.Store.Devices(ctx, caller.Account, reeve.DeviceQuery{Limit: 1})
		if err != nil || len(devices) == 0 {
			return "", err
		}
		return devices[0].ID, nil
	})
	if err != nil {
		return 0, fmt.Errorf("waiting for the agent to enrol: %w", err)
	}
	path, err := json.Marshal(files)
	if err != nil {
		return 0, err
	}
	for _, order := range []control.Order{
		{Action: "fetch_agent_log", IDs: []string{device}},
		{Action: "scan_threats", IDs: []string{device}, Params: fmt.Appendf(nil, `{"full_scan":0,"scan_types":[4],"path":%s}`, path)},
	} {
		p, err := server.Rules.Place(ctx, caller, order)
		if err != nil {
			return 0, err
		}
		if _, err := soon(ctx, func() (string, error) {
			job, err := server.Store.Job(ctx, caller.Account, p.Job.ID)
			if err != nil || job.Open() > 0 {
				return "", err
			}
			if job.Counts[reeve.Succeeded] != 1 {
				return "", fmt.Errorf("%s did not succeed: %v", order.Action, job.Counts)
			}
			return "done", nil
		}); err != nil {
			return 0, fmt.Errorf("waiting for %s: %w", order.Action, err)
		}
	}
	if err := rest(ctx, 10*time.Second); err != nil {
		return 0, err
	}
	return resident(agent.Process.Pid)
}

// soon asks until there is an answer.
func soon(ctx context.Context, ask func() (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		answer, err := ask()
		if err != nil || answer != "" {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// writeFiles fills a folder with files that a scanner has to read.
func writeFiles(dir string, count, size int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i := range count {
		content := []byte(strings.Repeat(fmt.Sprintf("%08d", i), size/8))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d", i)), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// resident returns the megabytes of memory that a process keeps.
func resident(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kilobytes); n == 1 {
			return kilobytes * 1024 / 1e6, nil
		}
	}
	return 0, errors.New("the process has no VmRSS")
}
