package setup

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

func mayChange() error {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return errors.New("this changes services of the system: run it as administrator")
	}
	return nil
}

// guard makes a folder that only the system and administrators may read or
// change, whatever the folder above allows.
func guard(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	descriptor, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)")
	if err != nil {
		return err
	}
	access, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, access, nil)
}

// later makes a program that runs, such as this one, go when the machine starts
// again.
func later(path string) bool {
	for _, entry := range []string{path + `\reeve-agent.exe`, path} {
		if !exists(entry) {
			continue
		}
		text, err := windows.UTF16PtrFromString(entry)
		if err != nil || windows.MoveFileEx(text, nil, windows.MOVEFILE_DELAY_UNTIL_REBOOT) != nil {
			return false
		}
	}
	return true
}
