package host

import (
	"bytes"
	"context"
	_ "embed"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"
)

//go:embed dialog.js
var dialogScript string

// closeWithin is how long dialogs that are closed may take.
const closeWithin = 3 * time.Second

// desktops returns who sits at the screen.
func (m *Machine) desktops() []desktop {
	info, err := os.Stat("/dev/console")
	if err != nil {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	uid, somebody := consoleUser(stat.Uid)
	if !somebody {
		return nil
	}
	name := strconv.Itoa(int(uid))
	id := name
	if u, err := user.LookupId(id); err == nil {
		name = u.Username
	}
	return []desktop{{id: id, user: name, ask: func(ctx context.Context, q Question) (map[string]string, error) {
		args, err := dialogCommand(uint32(os.Geteuid()), uid, dialogScript)
		if err != nil {
			return nil, err
		}
		return byDialogs(ctx, q.Fields, func(ctx context.Context, sheet []byte) ([]byte, error) {
			return osascript(ctx, args, sheet)
		})
	}}}
}

// osascript shows dialogs until they are answered or ctx ends.
func osascript(ctx context.Context, args []string, sheet []byte) ([]byte, error) {
	cmd := command(ctx, args[0], args[1:])
	cmd.Stdin = bytes.NewReader(sheet)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with what it started
	cmd.WaitDelay = closeWithin
	return output(cmd)
}
