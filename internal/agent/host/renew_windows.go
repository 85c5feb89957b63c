package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"reeve"
	"reeve/internal/agent/act"
)

// The IP Helper functions that golang.org/x/sys/windows does not have. They are
// looked up when they are called.
var (
	iphlpapi         = windows.NewLazySystemDLL("iphlpapi.dll")
	getInterfaceInfo = iphlpapi.NewProc("GetInterfaceInfo")
	ipRenewAddress   = iphlpapi.NewProc("IpRenewAddress")
	ipReleaseAddress = iphlpapi.NewProc("IpReleaseAddress")
	addIPAddress     = iphlpapi.NewProc("AddIPAddress")
)

// renewing is what a machine keeps for renewals.
type renewing struct{ one sync.Mutex }

func newRenewing() renewing { return renewing{} }

// RenewDHCP implements [act.DHCPHost]. Windows waits for the server itself, and
// goes on with that when ctx has ended.
func (m *Machine) RenewDHCP(ctx context.Context, w act.RenewWish) ([]act.Renewal, error) {
	done := make(chan struct{})
	var found []act.Renewal
	var failed error
	go func() {
		defer close(done)
		found, failed = m.renewAll(w)
	}()
	select {
	case <-done:
		return found, failed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (m *Machine) renewAll(w act.RenewWish) ([]act.Renewal, error) {
	m.renewing.one.Lock()
	defer m.renewing.one.Unlock()
	adapters, err := adaptersInfo()
	if err != nil {
		return nil, fmt.Errorf("listing the adapters: %w", err)
	}
	var renewals []act.Renewal
	for _, a := range adapters {
		if a.DhcpEnabled == 0 {
			continue
		}
		iface, err := net.InterfaceByIndex(int(a.Index))
		if err != nil || w.Interface != "" && w.Interface != iface.Name || iface.Flags&net.FlagUp == 0 {
			continue
		}
		renewals = append(renewals, renewAdapter(a, iface.Name, w.Release))
	}
	if len(renewals) == 0 {
		where := "any adapter here that is up"
		if w.Interface != "" {
			where = "the adapter " + w.Interface
		}
		return nil, reeve.Errorf(reeve.NotFound, "DHCP is not switched on for %s", where)
	}
	return renewals, nil
}

func renewAdapter(a windows.IpAdapterInfo, name string, release bool) act.Renewal {
	r := act.Renewal{Interface: name, Manager: "Windows", Old: leaseOf(a)}
	row, err := indexMap(a.Index)
	if err == nil {
		err = helper(ipRenewAddress, row)
	}
	if err != nil && release && row != nil {
		r.Released = helper(ipReleaseAddress, row) == nil
		err = helper(ipRenewAddress, row)
	}
	now, listed := adaptersInfo()
	if listed != nil {
		now = nil
	}
	for _, n := range now {
		if n.Index == a.Index {
			r.New = leaseOf(n)
		}
	}
	switch {
	case err != nil:
		r.Error = fmt.Sprintf("Windows could not renew it: %v", err)
		if r.Old != nil && r.New == nil && listed == nil {
			if err := putBack(a); err == nil {
				r.Restored = true
				r.Error += "; the address was put back"
			} else {
				r.Error += fmt.Sprintf("; the address is lost: %v", err)
			}
		}
		r.New = nil
	case r.New == nil:
		r.Error = "Windows renewed it, but shows no address"
	default:
		r.Changed = r.Old == nil || r.Old.Address != r.New.Address
	}
	return r
}

// putBack gives an adapter the address that it had. Windows keeps it until the
// client gets another.
func putBack(a windows.IpAdapterInfo) error {
	address, err := netip.ParseAddr(text(a.IpAddressList.IpAddress.String[:]))
	mask, err2 := netip.ParseAddr(text(a.IpAddressList.IpMask.String[:]))
	if err != nil || err2 != nil {
		return fmt.Errorf("the old address is not readable")
	}
	ip, netmask := address.As4(), mask.As4()
	var context, instance uint32
	if err := addIPAddress.Find(); err != nil {
		return err
	}
	status, _, _ := addIPAddress.Call(uintptr(binary.LittleEndian.Uint32(ip[:])), uintptr(binary.LittleEndian.Uint32(netmask[:])),
		uintptr(a.Index), uintptr(unsafe.Pointer(&context)), uintptr(unsafe.Pointer(&instance)))
	return status0(status)
}

// leaseOf is an adapter's lease, nil without an address that a server lent.
func leaseOf(a windows.IpAdapterInfo) *act.Lease {
	address, err := netip.ParseAddr(text(a.IpAddressList.IpAddress.String[:]))
	if err != nil || address.IsUnspecified() || address.IsLinkLocalUnicast() {
		return nil
	}
	l := &act.Lease{Address: address.String(), Server: text(a.DhcpServer.IpAddress.String[:])}
	if a.LeaseExpires > a.LeaseObtained {
		l.Seconds, l.Expires = a.LeaseExpires-a.LeaseObtained, time.Unix(a.LeaseExpires, 0).UTC()
	}
	return l
}

func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// adaptersInfo lists the adapters with their leases.
func adaptersInfo() (out []windows.IpAdapterInfo, err error) {
	var size uint32
	err = windows.GetAdaptersInfo(nil, &size)
	for err == windows.ERROR_BUFFER_OVERFLOW {
		// Whole structures, so that the buffer is aligned as they are.
		buffer := make([]windows.IpAdapterInfo, size/uint32(unsafe.Sizeof(windows.IpAdapterInfo{}))+1)
		size = uint32(len(buffer)) * uint32(unsafe.Sizeof(buffer[0]))
		if err = windows.GetAdaptersInfo(&buffer[0], &size); err != nil {
			continue
		}
		for a := &buffer[0]; a != nil; a = a.Next {
			out = append(out, *a)
		}
	}
	if err == windows.ERROR_NO_DATA {
		err = nil
	}
	return out, err
}

// indexMap asks for an adapter's name in the form that the client of DHCP takes.
func indexMap(index uint32) ([]byte, error) {
	if err := getInterfaceInfo.Find(); err != nil {
		return nil, err
	}
	var size uint32
	status, _, _ := getInterfaceInfo.Call(0, uintptr(unsafe.Pointer(&size)))
	for syscall.Errno(status) == windows.ERROR_INSUFFICIENT_BUFFER {
		data := make([]byte, size)
		status, _, _ = getInterfaceInfo.Call(uintptr(unsafe.Pointer(&data[0])), uintptr(unsafe.Pointer(&size)))
		if status == 0 {
			if row, ok := parseIndexMaps(data)[index]; ok {
				return row, nil
			}
		}
	}
	if err := status0(status); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the adapter is not one that DHCP knows")
}

// helper calls a function that takes an IP_ADAPTER_INDEX_MAP.
func helper(function *windows.LazyProc, row []byte) error {
	if err := function.Find(); err != nil {
		return err
	}
	status, _, _ := function.Call(uintptr(unsafe.Pointer(&row[0])))
	return status0(status)
}

func status0(status uintptr) error {
	if status == 0 {
		return nil
	}
	return syscall.Errno(status)
}
