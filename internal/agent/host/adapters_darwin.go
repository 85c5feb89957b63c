package host

import "net"

func (m *Machine) sortOf(i net.Interface) sort { return sortOnMac(i.Name, i.HardwareAddr) }
