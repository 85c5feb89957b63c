//go:build !unix

package host

import (
	"io/fs"
	"os"
)

// owner is not kept on this system: a file that is brought back is the agent's.
func owner(fs.FileInfo) (uid, gid int) { return -1, -1 }

// withoutWaiting is nothing to ask for on this system.
const withoutWaiting = 0

// syncFolder is what this system does by itself.
func syncFolder(string) error { return nil }

func syncRoot(*os.Root) error { return nil }
