#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""scripts/guest/build that is interrupted in the middle: Ctrl-C ends what it started, too, and leaves a cache in which
it can be begun again. What would fetch packages, and take long, is a script of ours. Prints TAP.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "scripts/guest/build")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# As the real one: it makes files all the time, through processes of its own.
DEBOOTSTRAP = """#!/bin/sh
mkdir root
(while :; do mktemp root/XXXXXX >/dev/null; sleep 0.01; done) &
echo "$$ $!" > "$BUSY.new" && mv "$BUSY.new" "$BUSY"
wait
"""
# It runs what follows, as the real one does without the rights of files.
FAKEROOT = '#!/bin/sh\n"$@"\n'


def alive(pid):
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(look, process=None):
    while not look():
        assert not process or process.poll() is None, process.returncode
        time.sleep(0.05)


def all_end(pids, seconds=60):
    """They have got the signal; on a busy host it takes them a while to hear it."""
    end = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(alive, pids))


def program(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)


def hear_all():
    """Whoever runs the tests may ignore some, nohup for one; a shell cannot take them back."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def interrupt(cases, directory, how):
    """A build with a kernel, which is interrupted while it fetches packages."""
    cache, tools, busy, said = (os.path.join(directory, name) for name in ("cache", "bin", "busy", "said"))
    os.makedirs(tools)
    program(os.path.join(tools, "debootstrap"), DEBOOTSTRAP)
    program(os.path.join(tools, "fakeroot"), FAKEROOT)
    env = dict(os.environ, XDG_CACHE_HOME=cache, BUSY=busy, PATH=tools + ":" + os.environ["PATH"],
               PQEMU_DEBIAN_MIRROR="http://nowhere.invalid")
    missing = subprocess.run([BUILD, "--where", "kernel"], env=env, stderr=subprocess.PIPE, check=False).stderr.decode()
    kernel = re.search(r"not built yet: (kernel-\w+)", missing).group(1)
    os.makedirs(os.path.join(cache, "pqemu", kernel))
    # As from a terminal: it hears SIGINT, and so do all in its group.
    with open(said, "wb") as file:
        process = subprocess.Popen([BUILD, "debian"], env=env, stdout=subprocess.DEVNULL, stderr=file,
                                   start_new_session=True,
                                   preexec_fn=hear_all)
    until(lambda: os.path.exists(busy), process)
    with open(busy, encoding="utf-8") as file:
        pids = file.read().split()
    os.killpg(process.pid, how)
    process.wait()
    with open(said, "rb") as file:
        text = file.read()
    name = signal.Signals(how).name
    cases.check(process.returncode in (130, -how), "%s: it ends" % name, process.returncode)
    cases.check(all_end(pids), "%s: and what it started ends" % name, pids)
    cases.check(sorted(os.listdir(os.path.join(cache, "pqemu"))) == [kernel, "lock"],
                "%s: only what was whole is left" % name, os.listdir(os.path.join(cache, "pqemu")))
    cases.check(b"rm:" not in text, "%s: without complaints" % name, text.decode())
    for pid in filter(alive, pids):
        os.kill(int(pid), signal.SIGKILL)


def main():
    cases = tap.Cases()
    for how in SIGNALS:
        with tempfile.TemporaryDirectory() as directory:
            interrupt(cases, directory, how)
    sys.exit(cases.done())


if __name__ == "__main__":
    main()
