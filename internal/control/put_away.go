package control

import (
	"slices"

	"reeve"
)

// findAway reads which devices have something in quarantine that the order is to
// bring back, if it says so by anything else than names of files.
func (p *placing) findAway(tx reeve.Placing) (err error) {
	if p.def.Away == nil {
		return nil
	}
	which, asks := p.def.Away(p.order.Params)
	if !asks {
		return nil
	}
	p.seeksAway = true
	p.away, err = tx.PutAway(which)
	return err
}

// hasNothingAway reports whether the order would bring nothing back on a device.
func (p *placing) hasNothingAway(device int64) bool {
	if !p.seeksAway {
		return false
	}
	_, has := slices.BinarySearch(p.away, device)
	return !has
}
