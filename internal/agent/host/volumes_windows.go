package host

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"reeve/internal/agent/act"
)

// driveKinds are what GetDriveType tells of drives with files. Disks behind
// USB are fixed ones to it.
var driveKinds = map[uint32]act.VolumeKind{
	windows.DRIVE_REMOVABLE: act.PortableVolume,
	windows.DRIVE_CDROM:     act.PortableVolume,
	windows.DRIVE_FIXED:     act.AdditionalVolume,
	windows.DRIVE_RAMDISK:   act.AdditionalVolume,
	windows.DRIVE_REMOTE:    act.RemoteVolume,
}

// Volumes lists the drives that have a letter and, if they are of this
// machine, a medium.
func (m *Machine) Volumes() ([]act.Volume, error) {
	letters, err := windows.GetLogicalDrives()
	if err != nil {
		return nil, err
	}
	system, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return nil, err
	}
	var volumes []act.Volume
	for i := range 26 {
		if letters>>i&1 == 0 {
			continue
		}
		v := act.Volume{Root: string(rune('A'+i)) + `:\`, Type: "unknown", Used: -1}
		root, err := windows.UTF16PtrFromString(v.Root)
		if err != nil {
			return nil, err
		}
		kind, files := driveKinds[windows.GetDriveType(root)]
		if !files {
			continue
		}
		v.Kind = kind
		if strings.EqualFold(filepath.VolumeName(system), v.Root[:2]) {
			v.Kind = act.SystemVolume
		}
		if kind != act.RemoteVolume { // which may not answer
			name := make([]uint16, windows.MAX_PATH+1)
			if windows.GetVolumeInformation(root, nil, 0, nil, nil, nil, &name[0], uint32(len(name))) != nil {
				continue // no medium
			}
			v.Type = strings.ToLower(windows.UTF16ToString(name))
			var all, free uint64
			if windows.GetDiskFreeSpaceEx(root, nil, &all, &free) == nil {
				v.Used = int64(all - free)
			}
		}
		volumes = append(volumes, v)
	}
	return volumes, nil
}
