package host

import (
	"golang.org/x/sys/unix"

	"reeve/internal/agent/act"
)

// Volumes lists what is mounted.
func (m *Machine) Volumes() ([]act.Volume, error) {
	count, err := unix.Getfsstat(nil, unix.MNT_NOWAIT)
	if err != nil {
		return nil, err
	}
	mounts := make([]unix.Statfs_t, count+8) // a few may come meanwhile
	if count, err = unix.Getfsstat(mounts, unix.MNT_NOWAIT); err != nil {
		return nil, err
	}
	var volumes []act.Volume
	for _, mount := range mounts[:min(count, len(mounts))] {
		v := act.Volume{
			Root: unix.ByteSliceToString(mount.Mntonname[:]),
			Type: unix.ByteSliceToString(mount.Fstypename[:]),
			Used: int64(mount.Blocks-mount.Bfree) * int64(mount.Bsize),
		}
		const removable = 0x200 // MNT_REMOVABLE of sys/mount.h
		v.Kind = volumeOnMac(v.Root, v.Type, mount.Flags&unix.MNT_LOCAL != 0, mount.Flags&removable != 0)
		if v.Kind == act.RemoteVolume {
			v.Used = -1
		}
		volumes = append(volumes, v)
	}
	return volumes, nil
}
