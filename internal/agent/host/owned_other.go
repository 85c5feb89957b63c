//go:build !unix

package host

import "os"

// CheckOwned takes every file: who may write it is for its access list to say.
func CheckOwned(*os.File) error { return nil }
