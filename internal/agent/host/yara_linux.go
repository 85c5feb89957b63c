package host

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"

	"reeve/internal/agent/scan"
)

// yaraPrograms is where systems keep YARA.
var yaraPrograms = map[string][]string{
	"yara":  {"/usr/bin/yara", "/usr/local/bin/yara"},
	"yarac": {"/usr/bin/yarac", "/usr/local/bin/yarac"},
}

// maxYaraThreads keeps a scan on a large machine from being felt.
const maxYaraThreads = 4

// systemEngines are those that only this system has: YARA is shown files where
// the kernel keeps what the agent has opened.
func (m *Machine) systemEngines(s EngineSetup) []scan.Engine {
	return []scan.Engine{scan.Yara{Run: m.runYara, Rules: s.Rules, Cache: s.Cache, Threads: YaraThreads()}.Engine()}
}

// YaraThreads is how many threads yara is told to use here.
func YaraThreads() int { return max(1, min(runtime.NumCPU()/2, maxYaraThreads)) }

// runYara starts one of YARA's programs at low priority, and waits until it
// has ended, which it does with ctx or the agent.
func (m *Machine) runYara(ctx context.Context, program string, args []string, in *os.File, out, said io.Writer) error {
	path, found := installed(yaraPrograms[program])
	if !found {
		return fmt.Errorf("%s is not installed: %w", program, fs.ErrNotExist)
	}
	cmd := command(ctx, path, args)
	cmd.Stdout, cmd.Stderr = out, said
	if in != nil {
		cmd.Stdin = in
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var err error
	m.Quietly(func() { err = cmd.Run() })
	return err
}
