package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reeve/internal/agent"
	"reeve/internal/agent/linetest"
)

// Ten minutes without a server, after an upload and with commands that are
// carried out meanwhile: the real program stays as small as it is.
func TestAwayProof(t *testing.T) {
	if os.Getenv("REEVE_PROOF") == "" {
		return
	}
	program := filepath.Join(t.TempDir(), "reeve-agent")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	s := linetest.Start(t, true)
	dir := filepath.Join(t.TempDir(), "state")
	process := exec.Command(program, "run", "--state", dir, "--server", s.URL, "--pin", s.Pin, "--code", linetest.Code)
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Process.Kill(); process.Wait() })
	look := func(holds func(agent.Status) bool) func() bool {
		return func() bool { st, err := agent.Look(dir); return err == nil && holds(st) }
	}
	linetest.Eventually(t, "the agent is connected", look(func(st agent.Status) bool { return st.Connected }))
	address := s.Addresses()[0]
	s.Give(address, s.Seal(s.Header(1, "fetch_agent_log", `{}`), address)...)
	linetest.Eventually(t, "the log was fetched", func() bool { return len(s.Uploads()) > 0 })
	for job := range int64(200) {
		s.Give(address, s.Seal(s.Header(2+job, "re-identify", `{"fields":[{"name":"a"}]}`), address)...)
	}
	linetest.Eventually(t, "the orders are there", look(func(st agent.Status) bool { return st.Open == 200 }))
	s.StopBus()
	s.CloseDoor()

	var sizes []float64
	for range 60 {
		<-time.After(10 * time.Second)
		sizes = append(sizes, resident(t, process.Process.Pid))
	}
	t.Logf("megabytes: %.1f", sizes)
	for _, size := range sizes[1:] {
		if size > 12 || size > sizes[0]+1 { // with 200 commands waiting
			t.Fatalf("the agent grew without its server: %.1f", sizes)
		}
	}
}

// resident returns the megabytes of memory that a process has.
func resident(t *testing.T, pid int) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	var kilobytes float64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes * 1024 / 1e6
}
