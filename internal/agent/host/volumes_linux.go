package host

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"reeve/internal/agent/act"
)

// kindOf names the file systems that are not simply this machine's files.
var kindOf = kinds(map[act.VolumeKind]string{
	act.PseudoVolume: "autofs bdev binder binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devfs devpts devtmpfs " +
		"dmabuf efivarfs fuse.gvfsd-fuse fuse.lxcfs fuse.portal fusectl hugetlbfs mqueue nsfs pipefs proc pstore " +
		"resctrl rpc_pipefs securityfs selinuxfs smackfs sockfs sysfs tracefs",
	act.RemoteVolume: "afs beegfs ceph cifs coda davfs fuse.ceph fuse.davfs2 fuse.gcsfuse fuse.glusterfs fuse.juicefs " +
		"fuse.rclone fuse.s3fs fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs smb3 smbfs",
})

func kinds(names map[act.VolumeKind]string) map[string]act.VolumeKind {
	out := map[string]act.VolumeKind{}
	for kind, list := range names {
		for _, name := range strings.Fields(list) {
			out[name] = kind
		}
	}
	return out
}

// A mount is one line of proc_pid_mountinfo(5).
type mount struct {
	id     string
	parent string // id of the mount that holds the mount point
	device string // "major:minor"
	below  string // the folder of the file system that is mounted
	point  string
	kind   string
}

// Volumes lists the file systems that can be reached. One that is mounted in
// several places is listed once.
func (m *Machine) Volumes() ([]act.Volume, error) {
	text, err := os.ReadFile(filepath.Join(m.root, "/proc/self/mountinfo"))
	if err != nil {
		return nil, err
	}
	var volumes []act.Volume
	for _, mount := range reachable(parseMounts(string(text))) {
		v := act.Volume{Kind: act.AdditionalVolume, Root: mount.point, Type: mount.kind, Used: -1}
		if kind, ok := kindOf[mount.kind]; ok {
			v.Kind = kind
		} else if mount.point != "/" && m.removable(mount.device) {
			v.Kind = act.PortableVolume
		}
		if mount.point == "/" {
			v.Kind = act.SystemVolume
		}
		if v.Kind != act.PseudoVolume && v.Kind != act.RemoteVolume { // which may not answer
			v.Used = used(v.Root)
		}
		volumes = append(volumes, v)
	}
	return volumes, nil
}

func parseMounts(text string) []mount {
	var mounts []mount
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		dash := slices.Index(fields, "-")
		if dash < 6 || len(fields) < dash+2 {
			continue
		}
		mounts = append(mounts, mount{
			id:     fields[0],
			parent: fields[1],
			device: fields[2],
			below:  unescape(fields[3]),
			point:  unescape(fields[4]),
			kind:   fields[dash+1],
		})
	}
	return mounts
}

// unescape reads the octal form in which the kernel writes white space.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace

// reachable leaves out mounts that another one hides, and those that only show
// again what another one shows.
func reachable(mounts []mount) (out []mount) {
	mounts = slices.Clone(mounts)
	slices.SortStableFunc(mounts, func(a, b mount) int { // what shows more of a file system comes first
		return cmp.Or(len(a.below)-len(b.below), len(a.point)-len(b.point))
	})
	for _, m := range mounts {
		shows := func(earlier mount) bool {
			return earlier.device == m.device && act.Below(m.below, earlier.below) && kindOf[m.kind] != act.PseudoVolume
		}
		if m.id == holder(mounts, m.point) && !slices.ContainsFunc(out, shows) {
			out = append(out, m)
		}
	}
	return out
}

// holder returns the id of the mount that a path leads to. The table is in no
// useful order, so it is walked as the kernel would, from the root.
func holder(mounts []mount, path string) string {
	isRoot := func(m mount) bool {
		return m.point == "/" && !slices.ContainsFunc(mounts, func(p mount) bool { return p.id == m.parent && p.id != m.id })
	}
	i := slices.IndexFunc(mounts, isRoot)
	for at := i; i >= 0; at = i {
		i = -1
		for j, m := range mounts {
			next := m.parent == mounts[at].id && m.id != m.parent && act.Below(path, m.point)
			if next && (i < 0 || len(m.point) < len(mounts[i].point)) {
				i = j
			}
		}
		if i < 0 {
			return mounts[at].id
		}
	}
	return ""
}

// removable reports whether a block device, or one that it is made of, can be
// taken out: the kernel says so of card readers, while disks behind USB are
// known by where they hang.
func (m *Machine) removable(device string) bool {
	dir, err := filepath.EvalSymlinks(filepath.Join(m.root, "/sys/dev/block", device))
	if err != nil {
		return false
	}
	if strings.Contains(dir, "/usb") {
		return true
	}
	for _, d := range []string{dir, filepath.Dir(dir)} { // a partition, and its disk
		if flag, err := os.ReadFile(filepath.Join(d, "removable")); err == nil && strings.TrimSpace(string(flag)) == "1" {
			return true
		}
	}
	parts, _ := filepath.Glob(filepath.Join(dir, "slaves", "*", "dev"))
	return slices.ContainsFunc(parts, func(part string) bool {
		number, err := os.ReadFile(part)
		return err == nil && m.removable(strings.TrimSpace(string(number)))
	})
}

// used returns how many bytes a file system holds, -1 if it does not say.
func used(root string) int64 {
	var s unix.Statfs_t
	if unix.Statfs(root, &s) != nil {
		return -1
	}
	return int64(s.Blocks-s.Bfree) * int64(s.Bsize)
}
