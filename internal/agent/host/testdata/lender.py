# What the stand-ins for NetworkManager and systemd-networkd share: an interface
# whose address they set, as they say that a DHCP server granted it.
import subprocess
import sys
import time

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

from dbusmock import mockobject

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)


def note(line):
    with open(sys.argv[2], "a") as log:
        log.write(line + "\n")


def set_up(address):
    """Gives eth0 this address alone, for an hour."""
    words = subprocess.check_output(["ip", "-4", "-o", "addr", "show", "dev", "eth0"], text=True).split()
    for other in [w for w in words if w.endswith("/26") and w != address + "/26"]:
        subprocess.check_call(["ip", "addr", "del", other, "dev", "eth0"])
    subprocess.check_call(["ip", "addr", "replace", address + "/26", "dev", "eth0",
                           "valid_lft", "3600", "preferred_lft", "3600"])


def granted():
    """What the server granted last: it stands in dnsmasq's file of leases."""
    directory = sys.argv[2].rsplit("/", 1)[0]
    lines = open(directory + "/server.leases").read().split("\n")
    return next((line.split()[2] for line in lines if line), "192.0.2.45")


def serve(name, path, interface):
    bus = dbus.bus.BusConnection("unix:path=" + sys.argv[1])
    held = dbus.service.BusName(name, bus, allow_replacement=True, replace_existing=True, do_not_queue=True)
    return mockobject.DBusMockObject(held, path, interface, {})


def run():
    note("ready")
    GLib.MainLoop().run()
