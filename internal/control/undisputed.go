package control

import "reeve"

// Undisputed returns the one device that a MAC can only mean, of those that
// claim it: the single record, or the single managed one.
func Undisputed(claimants []reeve.Device) (reeve.Device, bool) {
	if len(claimants) == 1 {
		return claimants[0], true
	}
	var found reeve.Device
	managed := 0
	for _, d := range claimants {
		if d.Class.Standing == reeve.Managed {
			found = d
			managed++
		}
	}
	return found, managed == 1
}
