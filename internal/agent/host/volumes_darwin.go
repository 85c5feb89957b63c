package host

import (
	"strings"

	"golang.org/x/sys/unix"

	"reeve/internal/agent/act"
)

// Volumes lists what is mounted. The system is spread over several volumes,
// which lie below /System/Volumes.
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
	for _, mount := range mounts[:count] {
		v := act.Volume{
			Kind: act.AdditionalVolume,
			Root: unix.ByteSliceToString(mount.Mntonname[:]),
			Type: unix.ByteSliceToString(mount.Fstypename[:]),
			Used: int64(mount.Blocks-mount.Bfree) * int64(mount.Bsize),
		}
		const removable = 0x200 // MNT_REMOVABLE of sys/mount.h
		switch {
		case v.Type == "devfs" || v.Type == "autofs":
			v.Kind = act.PseudoVolume
		case mount.Flags&unix.MNT_LOCAL == 0:
			v.Kind, v.Used = act.RemoteVolume, -1
		case v.Root == "/" || strings.HasPrefix(v.Root, "/System/Volumes/"):
			v.Kind = act.SystemVolume
		case mount.Flags&removable != 0:
			v.Kind = act.PortableVolume
		}
		volumes = append(volumes, v)
	}
	return volumes, nil
}
