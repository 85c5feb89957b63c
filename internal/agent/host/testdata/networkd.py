# A stand-in for systemd-networkd with one link that holds a lease.
import os
import subprocess
import sys

from lender import granted, note, run, serve, set_up

NAME = "org.freedesktop.network1"
LEASES = sys.argv[2].rsplit("/", 1)[0] + "/run/systemd/netif/leases"
os.makedirs(LEASES, exist_ok=True)
index = subprocess.check_output(["ip", "-o", "link", "show", "eth0"], text=True).split(":")[0]


def lend(address):
    with open(LEASES + "/" + index, "w") as file:
        file.write("# This is private data. Do not parse.\nADDRESS=%s\nSERVER_ADDRESS=192.0.2.1\nLIFETIME=3600\n" % address)


def asked(method, link):
    note(method)
    if str(link) == index:
        address = granted()
        lend(address)
        set_up(address)


lend("192.0.2.25")
manager = serve(NAME, "/org/freedesktop/network1", NAME + ".Manager")
manager.asked = asked
for method in "RenewLink", "ReconfigureLink":
    manager.AddMethod(NAME + ".Manager", method, "i", "", "self.asked('%s', args[0])" % method)
run()
