package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"

	"reeve/internal/agent/line"
)

const (
	restartAfter = 30 * time.Second
	forgetAfter  = 24 * 60 * 60 // seconds without a failure, then counting begins anew
	stopWithin   = time.Minute
)

// system is what the service control manager needs besides: nothing.
type system struct{}

func at(root string, say io.Writer) *Setup {
	folder := func(id *windows.KNOWNFOLDERID, usual string) string {
		path, err := windows.KnownFolderPath(id, windows.KF_FLAG_DEFAULT)
		if err != nil {
			path = usual
		}
		return filepath.Join(path, name)
	}
	settings := folder(windows.FOLDERID_ProgramData, `C:\ProgramData`)
	return &Setup{
		say: say, patience: connectWithin,
		program:  filepath.Join(folder(windows.FOLDERID_ProgramFiles, `C:\Program Files`), name+".exe"),
		settings: settings, state: filepath.Join(settings, "state"),
	}
}

func (s *Setup) ready() error     { return mayChange() }
func (s *Setup) configured() bool { return false }

func (s *Setup) present() bool {
	return with(func(*mgr.Service) error { return nil }) == nil
}

// with calls f with the service.
func with(f func(*mgr.Service) error) error {
	manager, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("connecting to the service control manager: %w", err)
	}
	defer manager.Disconnect()
	service, err := manager.OpenService(name)
	if err != nil {
		return err
	}
	defer service.Close()
	return f(service)
}

// bring copies the program, which cannot be replaced while it runs.
func (s *Setup) bring(ctx context.Context, program string) error {
	if s.present() {
		if err := s.stop(ctx); err != nil {
			return err
		}
	}
	return s.copyProgram(program)
}

// register makes the service, or tells the one that is there what it runs now.
func (s *Setup) register(ctx context.Context, o Options) error {
	manager, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("connecting to the service control manager: %w", err)
	}
	defer manager.Disconnect()
	command := append([]string{s.program, "service"}, s.arguments(o)...) // the word is for asService
	service, err := manager.OpenService(name)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		config := mgr.Config{
			DisplayName: "Reeve agent", Description: "Carries out what the server of its administrator orders.",
			StartType: mgr.StartAutomatic,
		}
		service, err = manager.CreateService(name, s.program, config, command[1:]...)
	} else if err == nil {
		err = update(service, command)
	}
	if err != nil {
		return fmt.Errorf("creating the service: %w", err)
	}
	defer service.Close()
	again := []mgr.RecoveryAction{{Type: mgr.ServiceRestart, Delay: restartAfter}}
	err = errors.Join(service.SetRecoveryActions(again, forgetAfter), service.SetRecoveryActionsOnNonCrashFailures(true))
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) {
		s.said("This system cannot start the service again when it fails.")
	} else if err != nil {
		return fmt.Errorf("saying what happens when the service fails: %w", err)
	}
	eventlog.Remove(name) // of an earlier installation
	if err := eventlog.InstallAsEventCreate(name, eventlog.Error|eventlog.Info); err != nil {
		return fmt.Errorf("naming the service in the event log: %w", err)
	}
	return s.start(ctx)
}

// update tells a service what it runs from its next start on. The rest stays
// as its owner may have set it.
func update(service *mgr.Service, command []string) error {
	path, err := windows.UTF16PtrFromString(windows.ComposeCommandLine(command))
	if err != nil {
		return err
	}
	const same = windows.SERVICE_NO_CHANGE
	return windows.ChangeServiceConfig(service.Handle, same, same, same, path, nil, nil, nil, nil, nil, nil)
}

func (s *Setup) start(context.Context) error {
	return with(func(service *mgr.Service) error { return service.Start() })
}

// stop returns when the service has stopped and its process has ended: until
// then its files cannot be removed or replaced.
func (s *Setup) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	return with(func(service *mgr.Service) error {
		status, err := service.Query()
		if err != nil {
			return fmt.Errorf("looking whether the service runs: %w", err)
		}
		if status.State == svc.Stopped {
			return nil
		}
		process, err := windows.OpenProcess(windows.SYNCHRONIZE, false, status.ProcessId)
		if err != nil {
			return fmt.Errorf("finding the process of the service: %w", err)
		}
		defer windows.CloseHandle(process)
		if _, err := service.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			return fmt.Errorf("stopping the service: %w", err)
		}
		for {
			if ended, err := windows.WaitForSingleObject(process, 0); err != nil || ended == windows.WAIT_OBJECT_0 {
				return err
			}
			if !line.Pause(ctx, time.Second/4) {
				return errors.New("the service does not stop")
			}
		}
	})
}

// unregister takes the service and everything of it away.
func (s *Setup) unregister(ctx context.Context) error {
	if s.present() {
		if err := s.stop(ctx); err != nil {
			return err
		}
		if err := with((*mgr.Service).Delete); err != nil {
			return fmt.Errorf("removing the service: %w", err)
		}
		s.said("Removed the service.")
	}
	eventlog.Remove(name) // in vain if an earlier attempt came this far
	return s.clear(s.settings, filepath.Dir(s.program))
}
