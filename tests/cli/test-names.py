#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""What users name has an identifier for a name, and no other thing of its kind has the same: options, QMP, the monitor
for people. Prints TAP.
"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in, QEMU  # noqa: E402

BAD = ("1a", "a b", "a/b", "#a", "a!")
OPTIONS = (["-chardev", "null,id=%s"], ["-drive", "if=none,id=%s,file=@"], ["-device", "virtio-rng-device,id=%s"],
           ["-device", "usb-kbd,id=%s"], ["-device", "loader,addr=0,data=0,data-len=4,id=%s"],
           ["-netdev", "user,id=%s"],
           ["-object", "rng-random,id=%s"], ["-blockdev", "null-co,node-name=%s"], ["-audiodev", "none,id=%s"],
           ["-fsdev", "local,id=%s,path=/,security_model=none"], ["-nic", "user,id=%s"])
TWICE = (["virtio-rng-device,id=x", "virtio-rng-device,id=x"], ["virtio-rng-device,id=x", "usb-kbd,id=x"],
         ["usb-kbd,id=x", "virtio-keyboard-device,id=x"])


def options(cases, image):
    def line(args):
        args = [a.replace("@", image) for a in args]
        run = subprocess.run([QEMU, "-M", "realview-eb-mpcore", "-display", "none", *args], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        return run.returncode, run.stdout.strip()

    for option, text in OPTIONS:
        for name in BAD:
            code, said = line([option, text % name])
            cases.check(code == 1 and said.count("\n") == 0 and "expects an identifier" in said and name in said,
                        "%s: %s is no name" % (option, name), said)
    code, said = line(["-blockdev", "null-co,node-name=" + "a" * 32])
    cases.check(code == 1 and "up to 31 characters" in said, "-blockdev: a name that is too long", said)
    for devices in TWICE:
        code, said = line(sum((["-device", d] for d in devices), []))
        cases.check(code == 1 and "another device has the id 'x'" in said, "devices of one name: " + devices[1], said)


def orders(cases, client, image):
    for name in BAD + ("",):
        for order, arguments in (("device_add", {"driver": "usb-kbd", "id": name}),
                                 ("object-add", {"qom-type": "rng-random", "id": name}),
                                 ("netdev_add", {"type": "user", "id": name}),
                                 ("chardev-add", {"id": name, "backend": {"type": "null", "data": {}}})):
            said = client.error(order, **arguments)
            cases.check("expects an identifier" in said["desc"] or not name and "is a text" in said["desc"],
                        "%s: '%s' is no name" % (order, name), said)
        said = client.error("blockdev-add", driver="null-co", node_name=name)
        cases.check(said["desc"] == "Invalid node-name: '%s'" % name, "blockdev-add: '%s' is no name" % name, said)
        for order, arguments in (("drive-backup", {"device": "sd0", "target": image + ".copy", "sync": "full"}),
                                 ("snapshot-save", {"tag": "t", "vmstate": "sd0", "devices": ["sd0"]})):
            said = client.error(order, job_id=name, **arguments)
            cases.check(said["desc"] == "Invalid job ID '%s'" % name, "%s: '%s' is no name" % (order, name), said)
        said = client.error("block-export-add", type="nbd", id=name, node_name="sd0")
        cases.check(said["desc"] == "Invalid block export id '%s'" % name, "an export: '%s' is no name" % name, said)
        said = client.error("blockdev-snapshot-sync", device="sd0", snapshot_file=image + ".new",
                            snapshot_node_name=name)
        cases.check("Invalid node-name" in said["desc"], "blockdev-snapshot-sync: '%s' is no name" % name, said)
    cases.check(not os.path.exists(image + ".copy") and not os.path.exists(image + ".new"), "nothing was made of it")
    said = client.error("device_add", driver="usb-kbd", id="random")
    cases.check("another device has the id 'random'" in said["desc"], "device_add: the name of a virtual device", said)
    said = client.result("human-monitor-command", command_line="device_add usb-kbd,id=1k")
    cases.check("expects an identifier" in said, "the monitor for people", said)
    cases.check(client.result("device_add", driver="usb-kbd", id="K.1_a-b") == {}, "a name with all there may be")
    cases.check("not found" in client.error("device_del", id="")["desc"], "nothing has the name ''")


def main():
    cases = tap.Cases()
    with tempfile.TemporaryDirectory() as directory:
        image = os.path.join(directory, "i")
        with open(image, "wb") as file:
            file.truncate(1 << 20)
        options(cases, image)
        if built_in():
            with Machine(directory, "-sd", image, "-device", "virtio-rng-device,id=random") as machine:
                client = Client(machine.path)
                orders(cases, client, image)
                client.result("quit")
                cases.check(machine.ended() == 0, "the emulator ends well")
                client.close()
        else:
            cases.skip("QMP", "the emulator was built without json-glib")
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
