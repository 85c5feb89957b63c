package host

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// dhclients is where systems keep dhclient.
var dhclients = []string{"/usr/sbin/dhclient", "/sbin/dhclient"}

const (
	maxLine     = 4096             // bytes of a line of output that are looked at
	detachLimit = 10 * time.Second // for a daemon to leave the foreground
)

func dhclientPath() (string, bool) { return installed(dhclients) }

// watch runs a program and reads what it says until heard returns true, then
// kills it. The program dies with the agent. The error says how it ended when
// it ended by itself: with its last line.
func watch(ctx context.Context, path string, args []string, heard func(line string) bool) error {
	// The kernel watches the thread that started the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := command(ctx, path, args)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(output)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	last, done := "it said nothing", false
	for !done && lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			last, done = line, heard(line)
		}
	}
	cmd.Process.Kill() // what is left of it, also after a line too long
	cmd.Wait()         // what it says of the kill is no news
	switch {
	case done:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("%s ended by itself: %s", path, last)
}

// detach starts a program that goes into the background by itself, and waits
// until it has: not at the caller's mercy, since half of it must not happen.
// beside is the id of a process whose control group it joins if the system lets
// it: what is started here must not end with the agent.
func detach(path string, args []string, beside int) error {
	ctx, cancel := context.WithTimeout(context.Background(), detachLimit)
	defer cancel()
	ways := []*syscall.SysProcAttr{{Setsid: true}}
	if group, err := controlGroup(beside); err == nil {
		defer group.Close()
		joined := &syscall.SysProcAttr{Setsid: true, UseCgroupFD: true, CgroupFD: int(group.Fd())}
		ways = []*syscall.SysProcAttr{joined, ways[0]}
	}
	var err error
	for _, way := range ways {
		cmd := command(ctx, path, args)
		cmd.SysProcAttr = way
		if err = cmd.Start(); err == nil {
			err = cmd.Wait()
			break
		}
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", path, err)
	}
	return nil
}

// controlGroup opens the control group (version 2) that a process is in.
func controlGroup(pid int) (*os.File, error) {
	member, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return nil, err
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	for _, m := range parseMounts(string(table)) {
		if m.kind != "cgroup2" {
			continue
		}
		for line := range strings.Lines(string(member)) {
			if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
				return os.Open(filepath.Join(m.point, path))
			}
		}
	}
	return nil, os.ErrNotExist
}
