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
	service, err := manager.OpenService(name)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		config := mgr.Config{
			DisplayName: "Reeve agent", Description: "Carries out what the server of its administrator orders.",
			StartType: mgr.StartAutomatic, DelayedAutoStart: true,
		}
		service, err = manager.CreateService(name, s.program, config, s.arguments(o)...)
	} else if err == nil {
		err = update(service, append([]string{s.program}, s.arguments(o)...))
	}
	if err != nil {
		return fmt.Errorf("creating the service: %w", err)
	}
	defer service.Close()
	again := []mgr.RecoveryAction{{Type: mgr.ServiceRestart, Delay: restartAfter}}
	err = errors.Join(service.SetRecoveryActions(again, forgetAfter), service.SetRecoveryActionsOnNonCrashFailures(true))
	if err != nil {
		return fmt.Errorf("saying what happens when the service fails: %w", err)
	}
	eventlog.Remove(name) // of an earlier installation
	if err := eventlog.InstallAsEventCreate(name, eventlog.Error|eventlog.Info); err != nil {
		return fmt.Errorf("naming the service in the event log: %w", err)
	}
	return s.start(ctx)
}

// update tells a service what it runs from its next start on.
func update(service *mgr.Service, command []string) error {
	config, err := service.Config()
	if err != nil {
		return err
	}
	config.BinaryPathName = windows.ComposeCommandLine(command)
	return service.UpdateConfig(config)
}

func (s *Setup) start(context.Context) error {
	return with(func(service *mgr.Service) error { return service.Start() })
}

// stop returns when the service has stopped.
func (s *Setup) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	return with(func(service *mgr.Service) error {
		_, err := service.Control(svc.Stop)
		if err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			return fmt.Errorf("stopping the service: %w", err)
		}
		for {
			status, err := service.Query()
			if err != nil {
				return fmt.Errorf("looking whether the service has stopped: %w", err)
			}
			if status.State == svc.Stopped {
				return nil
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
