package host

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// maxSessionFile is the most that is read of logind's file on a session, in bytes.
const maxSessionFile = 16 << 10

// desktops returns those who have a message bus of their own and, where logind
// tells of sessions, one that is on a screen.
func (m *Machine) desktops() []desktop {
	run := filepath.Join(m.root, "run/user")
	folders, err := os.ReadDir(run)
	if err != nil {
		return nil
	}
	shown, known := m.screens()
	var found []desktop
	for _, folder := range folders {
		uid, err := strconv.ParseUint(folder.Name(), 10, 31)
		if err != nil {
			continue
		}
		name := folder.Name()
		if known {
			if name = shown[uint32(uid)]; name == "" {
				continue
			}
		} else if u, err := user.LookupId(name); err == nil {
			name = u.Username
		}
		home := filepath.Join(run, folder.Name())
		gid, ok := ownerOf(filepath.Join(home, "bus"), uint32(uid))
		if !ok {
			continue
		}
		found = append(found, desktop{id: folder.Name(), user: name,
			ask: func(ctx context.Context, q Question) (map[string]string, error) {
				return m.askAs(ctx, q, uint32(uid), gid, home)
			}})
	}
	return found
}

// ownerOf returns the group of a user's socket; false if there is none, or it is
// somebody else's.
func ownerOf(path string, uid uint32) (gid uint32, ok bool) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return stat.Gid, ok && stat.Uid == uid
}

// screens returns the names of those who have a session on a screen, by user id,
// and whether there is somebody who knows. Screens for signing in do not count.
func (m *Machine) screens() (names map[uint32]string, known bool) {
	folder := filepath.Join(m.root, "run/systemd/sessions")
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, false
	}
	names = map[uint32]string{}
	for _, file := range files {
		if !file.Type().IsRegular() {
			continue
		}
		facts := readSession(filepath.Join(folder, file.Name()))
		uid, err := strconv.ParseUint(facts["UID"], 10, 31)
		if err == nil && facts["CLASS"] == "user" && facts["STATE"] != "closing" && facts["USER"] != "" &&
			slices.Contains([]string{"x11", "wayland", "mir"}, facts["TYPE"]) {
			names[uint32(uid)] = facts["USER"]
		}
	}
	return names, true
}

// readSession reads the lines NAME=VALUE that logind keeps of a session.
func readSession(path string) map[string]string {
	facts := map[string]string{}
	file, err := os.Open(path)
	if err != nil {
		return facts
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, maxSessionFile))
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			facts[name] = value
		}
	}
	return facts
}

// askAs starts this same program as the user, to ask on the user's own desktop.
// It has nothing of the agent's: it is given the question, and whatever it says
// is taken for an answer of the user, who could make it say anything.
func (m *Machine) askAs(ctx context.Context, q Question, uid, gid uint32, home string) (map[string]string, error) {
	self := m.self
	if self == "" {
		var err error
		if self, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("finding this program: %w", err)
		}
	}
	cmd := command(ctx, self, []string{"ask"})
	cmd.Env = []string{"DBUS_SESSION_BUS_ADDRESS=unix:path=" + filepath.Join(home, "bus"), "XDG_RUNTIME_DIR=" + home}
	if u, err := user.LookupId(strconv.Itoa(int(uid))); err == nil {
		cmd.Env = append(cmd.Env, "HOME="+u.HomeDir)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if int(uid) != os.Geteuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return converse(cmd, q)
}
