package host

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"reeve/internal/agent/scan"
)

// checkSocket takes every socket: who may make one is for access lists to say.
func checkSocket(string) error { return nil }

// systemEngines are those that only this system has.
func (m *Machine) systemEngines(EngineSetup) []scan.Engine {
	return []scan.Engine{scan.Defender{Describe: describeDefender, Run: runDefender}.Engine()}
}

// defenderProgram is the command line of Microsoft Defender: of its newest
// update, or as it came with the system.
const defenderProgram = "MpCmdRun.exe"

func defenderPath() (string, error) {
	var places []string
	if data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0); err == nil {
		updates := filepath.Join(data, "Microsoft", "Windows Defender", "Platform")
		entries, _ := os.ReadDir(updates)
		var versions []string
		for _, entry := range entries {
			versions = append(versions, entry.Name())
		}
		if newest := newestVersion(versions); newest != "" {
			places = append(places, filepath.Join(updates, newest, defenderProgram))
		}
	}
	if programs, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, 0); err == nil {
		places = append(places, filepath.Join(programs, "Windows Defender", defenderProgram))
	}
	if path, found := installed(places); found {
		return path, nil
	}
	return "", fmt.Errorf("%w: there is no Microsoft Defender", scan.ErrNotSetUp)
}

// describeDefender reads what Defender's updates leave in the registry.
func describeDefender() (d scan.Description, err error) {
	if _, err := defenderPath(); err != nil {
		return d, err
	}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows Defender\Signature Updates`, registry.QUERY_VALUE)
	if err != nil {
		return d, nil // it says nothing about itself
	}
	defer key.Close()
	d.Version, _, _ = key.GetStringValue("EngineVersion")
	d.Signatures.Version, _, _ = key.GetStringValue("AVSignatureVersion")
	if made, _, err := key.GetBinaryValue("AVSignatureApplied"); err == nil && len(made) == 8 {
		stamp := windows.Filetime{LowDateTime: binary.LittleEndian.Uint32(made), HighDateTime: binary.LittleEndian.Uint32(made[4:])}
		d.Signatures.Date = time.Unix(0, stamp.Nanoseconds()).UTC().Truncate(time.Second)
	}
	return d, nil
}

// runDefender starts Defender's command line at low priority, and waits until
// it has ended.
func runDefender(ctx context.Context, args []string, out io.Writer) error {
	path, err := defenderPath()
	if err != nil {
		return err
	}
	cmd := command(ctx, path, args)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.IDLE_PRIORITY_CLASS}
	return cmd.Run()
}
