# A stand-in for NetworkManager with one device that holds a lease.
import time

import dbus

from dbusmock import mockobject
from lender import granted, note, run, serve, set_up

NAME = "org.freedesktop.NetworkManager"
DEVICE = "/org/freedesktop/NetworkManager/Devices/2"
LEASE = "/org/freedesktop/NetworkManager/DHCP4Config/1"

manager = serve(NAME, "/org/freedesktop/NetworkManager", NAME)
manager.AddMethod(NAME, "GetDevices", "", "ao", 'ret = [dbus.ObjectPath("%s")]' % DEVICE)
manager.AddObject(DEVICE, NAME + ".Device", {
    "IpInterface": "eth0", "Dhcp4Config": dbus.ObjectPath(LEASE), "State": dbus.UInt32(100),
}, [])
device = mockobject.objects[DEVICE]


def options(address):
    return dbus.Dictionary({
        "ip_address": address, "dhcp_server_identifier": "192.0.2.1", "dhcp_lease_time": "3600",
        "expiry": str(int(time.time()) + 3600),
    }, signature="sv")


manager.AddObject(LEASE, NAME + ".DHCP4Config", {"Options": options("192.0.2.25")}, [])


def reapply(connection, version, flags):
    note("Reapply method=%s timeout=%d version=%d" % (
        connection["ipv4"]["method"], connection["ipv4"].get("dhcp-timeout", 0), version))
    address = granted()
    set_up(address)
    mockobject.objects[LEASE].Set(NAME + ".DHCP4Config", "Options", options(address))


device.reapply = reapply
device.AddMethod(NAME + ".Device", "GetAppliedConnection", "u", "a{sa{sv}}t",
                 'ret = ({"ipv4": {"method": "auto"}}, 7)')
device.AddMethod(NAME + ".Device", "Reapply", "a{sa{sv}}tu", "", "self.reapply(*args)")
run()
