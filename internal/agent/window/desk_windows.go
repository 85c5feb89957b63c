package window

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/windows"
)

// A session is a desktop of Windows: the notice is a message box, which ends
// with this process at the latest.
type session struct {
	events chan event
	shown  atomic.Bool
}

func openDesk() (desk, error) { return &session{events: make(chan event, 8)}, nil }

// Notify implements desk. It takes no focus from what the person does.
func (s *session) Notify(string) error {
	if s.shown.Swap(true) {
		return nil // it is still there, and opens the page at its newest address
	}
	title, err := windows.UTF16PtrFromString("Who uses this device?")
	if err != nil {
		return err
	}
	text, err := windows.UTF16PtrFromString("Your administrator asks who uses this device.\n\n" +
		"Do you want to answer now? Yes opens a page in your browser; with No you are asked again later.")
	if err != nil {
		return err
	}
	go func() {
		const idYes, idNo = 6, 7
		button, err := windows.MessageBox(0, text, title, windows.MB_YESNO|windows.MB_ICONQUESTION|windows.MB_TOPMOST)
		e := broken // an error, or -1 where there is no screen
		switch {
		case err != nil:
		case button == idYes:
			e = clicked
		case button == idNo:
			e = putOff
		}
		s.shown.Store(false)
		s.events <- e
	}()
	return nil
}

func (s *session) Events() <-chan event { return s.events }

// Open implements desk: Windows starts the browser that the user chose.
func (s *session) Open(address string) error {
	runtime.LockOSThread() // COM is a thread's
	defer runtime.UnlockOSThread()
	if windows.CoInitializeEx(0, windows.COINIT_APARTMENTTHREADED|windows.COINIT_DISABLE_OLE1DDE) == nil {
		defer windows.CoUninitialize()
	}
	verb, err := windows.UTF16PtrFromString("open")
	if err != nil {
		return err
	}
	page, err := windows.UTF16PtrFromString(address)
	if err != nil {
		return err
	}
	return windows.ShellExecute(0, verb, page, nil, nil, windows.SW_SHOWNORMAL)
}

func (s *session) Close() {}

// openPipe opens the pipe through which an agent in another session speaks. It
// is read and written at the same time.
func openPipe(name string) (io.ReadWriteCloser, error) {
	pipe, err := os.OpenFile(name, os.O_RDWR|windows.O_FILE_FLAG_OVERLAPPED, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the agent's pipe: %w", err)
	}
	return pipe, nil
}
