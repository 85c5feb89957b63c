package host

import "os"

// installed returns the first of the paths at which there is a program.
func installed(paths []string) (string, bool) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, true
		}
	}
	return "", false
}
