package host

import (
	"net"

	"golang.org/x/sys/windows"
)

// sortOf asks whether an interface is hardware of a kind that has a MAC
// address, and no filter or switch that lies over one.
func (m *Machine) sortOf(i net.Interface) sort {
	const hardware, filter = 1 << 0, 1 << 1
	const ethernet, wifi, cellular, cellular2 = 6, 71, 243, 244
	row := windows.MibIfRow2{InterfaceIndex: uint32(i.Index)}
	const withoutStatistics = 2
	if windows.GetIfEntry2Ex(withoutStatistics, &row) != nil || row.InterfaceAndOperStatusFlags&filter != 0 {
		return virtual
	}
	switch row.Type {
	case ethernet, wifi, cellular, cellular2:
		if row.InterfaceAndOperStatusFlags&hardware != 0 {
			return real
		}
		return virtual
	}
	return stacked
}
