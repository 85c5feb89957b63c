package host

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// desktops returns the sessions in which somebody sits at a screen. A service is
// in session 0, where nobody does, and may ask in all others; an agent that
// somebody runs asks in its own.
func (m *Machine) desktops() []desktop {
	if own, err := ownSession(); err == nil && own != 0 {
		return []desktop{{id: strconv.Itoa(int(own)), user: sessionUser(own), ask: m.askHere}}
	}
	var list *windows.WTS_SESSION_INFO
	var count uint32
	if windows.WTSEnumerateSessions(0, 0, 1, &list, &count) != nil {
		return nil
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(list)))
	var found []desktop
	for _, s := range unsafe.Slice(list, count) {
		name := sessionUser(s.SessionID)
		if s.SessionID == 0 || s.State != windows.WTSActive || name == "" {
			continue
		}
		found = append(found, desktop{id: strconv.Itoa(int(s.SessionID)), user: name,
			ask: func(ctx context.Context, q Question) (map[string]string, error) {
				return m.askIn(ctx, q, s.SessionID)
			}})
	}
	return found
}

func ownSession() (session uint32, err error) {
	err = windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &session)
	return session, err
}

// program is this one, which asks.
func (m *Machine) program() (string, error) {
	if m.self != "" {
		return m.self, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	return path, nil
}

// askHere asks in the agent's own session, with the environment of its user: the
// browser gets it too.
func (m *Machine) askHere(ctx context.Context, q Question) (map[string]string, error) {
	self, err := m.program()
	if err != nil {
		return nil, err
	}
	cmd := command(ctx, self, []string{"ask"})
	cmd.Env = os.Environ()
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NO_WINDOW}
	return converse(cmd, q)
}

// askIn starts this same program as the user of another session, to ask there.
// It has nothing of the agent's: it is given the question, and whatever it says
// is taken for an answer of the user. Handles are not inherited across sessions,
// so they speak through a pipe that only the user may open.
func (m *Machine) askIn(ctx context.Context, q Question, session uint32) (map[string]string, error) {
	self, err := m.program()
	if err != nil {
		return nil, err
	}
	var user windows.Token
	if err := windows.WTSQueryUserToken(session, &user); err != nil {
		return nil, fmt.Errorf("acting for the user of session %d, as Windows lets its own services: %w", session, err)
	}
	defer user.Close()
	pipe, err := newPipe(user)
	if err != nil {
		return nil, fmt.Errorf("making a pipe for the user of session %d: %w", session, err)
	}
	child, err := startAs(user, self, []string{"ask", pipe.name})
	if err != nil {
		pipe.close()
		return nil, fmt.Errorf("starting the process that asks in session %d: %w", session, err)
	}
	defer child.end()
	line, err := pipe.connect(child)
	if err != nil {
		return nil, fmt.Errorf("speaking with the process that asks in session %d: %w", session, err)
	}
	defer line.Close()
	defer context.AfterFunc(ctx, func() { line.Close() })() // by which it hears that the question is settled
	if err := give(line, q); err != nil {
		return nil, err
	}
	said, err := io.ReadAll(io.LimitReader(line, maxReply))
	if err != nil {
		return nil, fmt.Errorf("hearing the process that asks in session %d: %w", session, err)
	}
	return readReply(said)
}

// A child is a process of somebody else's.
type child struct {
	process windows.Handle
	pid     uint32
}

// startAs starts a program on the desktop of the user whose token it is, with
// the user's environment and nothing inherited.
func startAs(user windows.Token, path string, args []string) (child, error) {
	program, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return child{}, err
	}
	line, err := windows.UTF16PtrFromString(windows.ComposeCommandLine(append([]string{path}, args...)))
	if err != nil {
		return child{}, err
	}
	var environment *uint16
	if err := windows.CreateEnvironmentBlock(&environment, user, false); err != nil {
		return child{}, fmt.Errorf("reading the user's environment: %w", err)
	}
	defer windows.DestroyEnvironmentBlock(environment)
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return child{}, err
	}
	folder, err := windows.UTF16PtrFromString(system)
	if err != nil {
		return child{}, err
	}
	start := windows.StartupInfo{Desktop: windows.StringToUTF16Ptr(`winsta0\default`)}
	start.Cb = uint32(unsafe.Sizeof(start))
	var started windows.ProcessInformation
	err = windows.CreateProcessAsUser(user, program, line, nil, nil, false,
		windows.CREATE_NO_WINDOW|windows.CREATE_UNICODE_ENVIRONMENT, environment, folder, &start, &started)
	if err != nil {
		return child{}, err
	}
	windows.CloseHandle(started.Thread)
	return child{started.Process, started.ProcessId}, nil
}

// end waits until the process has put its question away, and ends it if it does
// not.
func (c child) end() {
	if event, err := windows.WaitForSingleObject(c.process, uint32(closeWithin/time.Millisecond)); err != nil || event != windows.WAIT_OBJECT_0 {
		windows.TerminateProcess(c.process, 1)
	}
	windows.CloseHandle(c.process)
}
