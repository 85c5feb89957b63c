package host

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// connectWithin is how long a process that was started may take to open its pipe.
const connectWithin = 30 * time.Second

// A pipe has a name that nobody guesses, one end for the agent and one for a
// process of the user whose pipe it is.
type pipe struct {
	name   string
	handle windows.Handle
}

func newPipe(user windows.Token) (pipe, error) {
	who, err := user.GetTokenUser()
	if err != nil {
		return pipe{}, err
	}
	// Read and write for the user, everything for the system, nothing for anybody else.
	rights, err := windows.SecurityDescriptorFromString("D:P(A;;GA;;;SY)(A;;GRGW;;;" + who.User.Sid.String() + ")")
	if err != nil {
		return pipe{}, err
	}
	p := pipe{name: `\\.\pipe\reeve-agent-ask-` + rand.Text()}
	name, err := windows.UTF16PtrFromString(p.name)
	if err != nil {
		return pipe{}, err
	}
	access := &windows.SecurityAttributes{SecurityDescriptor: rights}
	access.Length = uint32(unsafe.Sizeof(*access))
	p.handle, err = windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_OVERLAPPED|windows.FILE_FLAG_FIRST_PIPE_INSTANCE,
		windows.PIPE_TYPE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS, 1, maxReply, maxReply, 0, access)
	runtime.KeepAlive(rights)
	return p, err
}

func (p pipe) close() { windows.CloseHandle(p.handle) }

// connect waits until the process has opened its end, and closes the pipe if it
// does not, or another one did.
func (p pipe) connect(c child) (line *os.File, err error) {
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	wait := new(windows.Overlapped)
	if wait.HEvent, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		return nil, err
	}
	defer windows.CloseHandle(wait.HEvent)
	err = windows.ConnectNamedPipe(p.handle, wait)
	if err == windows.ERROR_IO_PENDING {
		err = p.await(c, wait)
	}
	if err != nil && err != windows.ERROR_PIPE_CONNECTED {
		return nil, err
	}
	var at uint32
	if err := windows.GetNamedPipeClientProcessId(p.handle, &at); err != nil {
		return nil, err
	}
	if at != c.pid {
		return nil, fmt.Errorf("process %d opened the pipe of process %d", at, c.pid)
	}
	return os.NewFile(uintptr(p.handle), p.name), nil
}

// await waits until the pipe is opened, or the process has ended.
func (p pipe) await(c child, wait *windows.Overlapped) error {
	event, err := windows.WaitForMultipleObjects([]windows.Handle{wait.HEvent, c.process}, false, uint32(connectWithin/time.Millisecond))
	if err == nil && event == windows.WAIT_OBJECT_0 {
		return nil
	}
	// Nothing may write to wait any more once this returns.
	windows.CancelIoEx(p.handle, wait)
	var n uint32
	windows.GetOverlappedResult(p.handle, wait, &n, true)
	switch {
	case err != nil:
		return err
	case event == windows.WAIT_OBJECT_0+1:
		return errors.New("it ended before it opened its pipe")
	}
	return fmt.Errorf("it did not open its pipe within %v", connectWithin)
}
