#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""A host's disk that is full, broken or does not answer: the machine stops or goes on as asked, and the monitor, a
reset and the end of the emulator wait for it no longer than seconds. disk.c is the guest, bad-disk.c the disk. Prints
TAP.
"""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
from disk_machine import BUILD, Disk, guest_image       # noqa: E402
from qmp_client import Client, built_in                 # noqa: E402


def hanging(cases, new):
    for what in ("write", "read"):
        with cases.case("a %s that hangs: stop, cont and reset are answered, and then it goes on" % what):
            with new() as disk:
                disk.said(rb"wrwr")
                disk.bad(what + " hang")
                disk.wait_hanging()
                disk.ask("stop")
                disk.wait_status("paused")
                disk.ask("cont")
                disk.ask("system_reset")
                disk.said(rb"R")
                disk.wait_status("running")
                disk.bad(None)
                disk.said(rb"wrwrwr")
                assert disk.end("quit") == 0, disk.stderr()
    with cases.case("a flush that hangs: stop is answered"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("flush hang")
            disk.ask("stop")
            disk.wait_hanging()
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("cont")
            disk.said(rb"wrwr")
            assert disk.end("quit") == 0, disk.stderr()
    # Each waits for seconds, for nothing: all at the same time.
    ends = [(what, end) for what in ("write", "read", "flush") for end in ("quit", signal.SIGTERM)]
    with concurrent.futures.ThreadPoolExecutor(len(ends)) as pool:
        problems = pool.map(lambda end: end_while_hanging(new, *end), ends)
        for (what, end), problem in zip(ends, problems):
            cases.check(not problem, "a %s that hangs: %s ends the emulator, which says why"
                        % (what, getattr(end, "name", end)), problem)


def end_while_hanging(new, what, end):
    """What is wrong; empty: nothing."""
    try:
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad(what + " hang")
            if what != "flush":         # that is the last one, at the end
                disk.wait_hanging()
            status = disk.end(end)
            right = status == 1 and disk.stderr().count("the host does not answer") == 1
            return "" if right else "exit status %s\n%s" % (status, disk.stderr())
    except (AssertionError, OSError) as error:
        return repr(error)


def stopped_while_slow(cases, new):
    with cases.case("a disk that is slow: what was under way is in the image when stop is answered"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write slow")
            for _ in range(5):
                if os.path.exists(disk.waits):
                    os.unlink(disk.waits)
                disk.wait_hanging()
                disk.ask("stop")
                before = disk.content()
                time.sleep(0.5)
                assert disk.content() == before, "the image changes behind stop"
                disk.ask("cont")
            assert disk.end("quit") == 0, disk.stderr()


def failing(cases, new):
    with cases.case("a full disk: the machine stops, and cont tries again, as often as it takes"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write ENOSPC")
            disk.wait_status("paused")
            disk.ask("cont")
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("cont")
            text = disk.said(rb"wrwrwr")
            assert not re.search(rb"[WEX]", text), text
            disk.wait_stderr("card '%s': write at byte" % disk.image, "'cont' tries again")
            assert disk.end("quit") == 0, disk.stderr()
    with cases.case("a full disk: a reset drops what waits, and the guest starts again"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write ENOSPC")
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("system_reset")
            disk.ask("cont")
            disk.said(rb"Rwrwr")
            assert disk.end("quit") == 0, disk.stderr()
    with cases.case("a full disk: the end while something waits says that it is not carried out"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write ENOSPC")
            disk.wait_status("paused")
            assert disk.end("quit") == 0, disk.stderr()
            assert "what waited" in disk.stderr(), disk.stderr()
    with cases.case("werror=enospc, another error: the guest is told"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write EIO")
            disk.said(rb"WWW")
            disk.bad(None)
            disk.said(rb"wrwrwr")
            disk.wait_stderr("Input/output error")
            assert disk.stderr().count("Input/output error") == 1, disk.stderr()
    with cases.case("werror=report, a full disk: the guest is told"):
        with new(",werror=report") as disk:
            disk.bad("write ENOSPC")
            disk.said(rb"WW")
    with cases.case("werror=ignore: the guest does not notice"):
        with new(",werror=ignore") as disk:
            disk.said(rb"wrwr")
            disk.bad("write EIO")
            disk.said(rb"wXwX")
    with cases.case("werror=stop: any error stops the machine"):
        with new(",werror=stop") as disk:
            disk.said(rb"wrwr")
            disk.bad("write EIO")
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("cont")
            disk.said(rb"wrwr")
    with cases.case("rerror=report: the guest is told"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("read EIO")
            disk.said(rb"wEwE")
            disk.bad(None)
            disk.said(rb"wrwr")
    with cases.case("rerror=stop: the machine stops and reads again"):
        with new(",rerror=stop") as disk:
            disk.said(rb"wrwr")
            disk.bad("read EIO")
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("cont")
            text = disk.said(rb"wrwrwr")
            assert not re.search(rb"[WEX]", text), text


def tells(cases, new):
    """Programs hear of each failure, and of what is done for it."""
    if not built_in():
        cases.skip("BLOCK_IO_ERROR", "QMP is not built in")
        return
    reasons = {"ENOSPC": "No space left on device", "EIO": "Input/output error"}
    for drive, operation, error, action in (
            ("", "write", "ENOSPC", "stop"), ("", "write", "EIO", "report"), (",werror=ignore", "write", "ENOSPC",
                "ignore"),
            (",rerror=stop", "read", "EIO", "stop")):
        with cases.case("BLOCK_IO_ERROR: %s, %s%s" % (operation, error,
            drive)), tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "qmp")
            with new(drive, ["-qmp", "unix:%s,server=on,wait=off" % path]) as disk:
                client = Client(path)
                disk.said(rb"wrwr")
                disk.bad("%s %s" % (operation, error))
                data = client.event("BLOCK_IO_ERROR")["data"]
                # Told where the machine may stop for it.
                assert data.pop("nospace", None) == (None if action == "ignore" else error == "ENOSPC"), data
                assert data == {"device": "card", "node-name": "card", "operation": operation, "action": action,
                                "reason": reasons[error]}, data
                if action == "stop":
                    client.event("STOP")
                    assert client.result("query-status") == {"status": "io-error", "singlestep": False,
                        "running": False}
                status = client.result("query-block")[0].get("io-status")
                assert status == (None if action == "ignore" else "ok" if action != "stop"
                                  else "nospace" if error == "ENOSPC" else "failed"), status
                disk.bad(None)
                client.result("cont")
                assert client.result("query-block")[0].get("io-status") in ("ok", None)
                disk.said(rb"wrwrwr")
                stats = client.result("query-blockstats")[0]["stats"]
                name = "failed_%s_operations" % ("wr" if operation == "write" else "rd")
                written = stats["wr_operations"]
                assert stats[name] >= 1 and written > 2 and stats["wr_bytes"] == 512 * written, stats
                client.close()


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    if not guest:
        cases.skip("errors of disks", "no cross compiler")
        return cases.done()
    library = os.path.join(BUILD, "tests/cli/bad-disk.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library,
                    os.path.join(HERE, "bad-disk.c"), "-ldl"], check=True)

    def new(drive="", arguments=()):
        return Disk(guest, "file=%%s,format=raw,if=sd,id=card%s" % drive, arguments, library=library)
    for part in (hanging, stopped_while_slow, failing, tells):
        part(cases, new)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
