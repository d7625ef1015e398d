#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=14400 long alone
"""Long: other people's programs. The commands of package_cases.py and package_cases_more.py, of Debian's packages, run
in a Linux guest on four CPUs and, each by itself, under Debian's user-mode emulator; what they say must be the same to
the byte.

    tests/linux/test-packages.py [--design NAME+...] [--smp N] [--accel PROPERTIES] [--keep DIRECTORY]
                                 [--tree DIRECTORY,IMAGE] [NAME...]

The guest has the packages' tree as a disk, and a folder for scripts and results by 9P; nothing is set up, no root is
needed. --keep leaves scripts and results there, and takes what the other emulator said from there if it is there
already.
"""
import argparse
import concurrent.futures
import difflib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "../boot"))
sys.dont_write_bytecode = True

from package_cases import CASES, PRELUDE                                    # noqa: E402  (path set above)
from package_cases_more import MORE_CASES                                   # noqa: E402
from vm import VM, Cases, designs, guest_parts, time_scale                  # noqa: E402

CASES.update(MORE_CASES)
SECONDS = 200                   # a case, at usual speed
ORACLE_CPU = "arm11mpcore"
# What both sides see. $TREE is empty in the guest. Languages find their modules by it, since the user-mode emulator
# looks for a file in the tree when it is opened, but not when statx() asks for it.
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb", "PYTHONDONTWRITEBYTECODE": "1", "OPENSSL_CONF": "/dev/null",
    "PYTHONHOME": "$TREE/usr",
    "PERL5LIB": ":".join("$TREE/usr/" + name for name in ("lib/arm-linux-gnueabi/perl/5.36", "share/perl/5.36")),
    "RUBYLIB": ":".join("$TREE/usr/lib/" + name for name in ("ruby/3.1.0", "arm-linux-gnueabi/ruby/3.1.0")),
}
PROGRAMS = "/usr/bin", "/usr/sbin"
# Every program of the tree under its own name: a link to this, on the host.
WRAPPER = r"""#!/bin/sh
name=${0##*/}
for directory in /usr/bin /usr/sbin; do
    [ -e "$TREE$directory/$name" ] && exec qemu-arm -cpu %s -L "$TREE" -0 "$name" "$TREE$directory/$name" "$@"
done
""" % ORACLE_CPU
# A program by its path in the tree, or by one that a script has made.
BY_PATH = {
    "host": r"""#!/bin/sh
program=$1; shift
case $program in /*) program=$TREE$program ;; esac
exec qemu-arm -cpu %s -L "$TREE" "$program" "$@"
""" % ORACLE_CPU,
    "guest": '#!/bin/sh\nexec "$@"\n',
}
# In the guest: the tree read-only, memory where programs write, the folder for scripts and results.
ENTER = r"""
mkdir -p /tree; mount -t ext4 -o ro /dev/vda /tree
for name in proc sys dev dev/pts dev/shm tmp; do mount -o bind /$name /tree/$name; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 work /tree/mnt
chmod 1777 /tmp; dmesg -n 5
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)


def is_program(path):
    try:
        with open(path, "rb") as file:
            return os.access(path, os.X_OK) and file.read(4) == b"\x7fELF"
    except OSError:
        return False


def script(name, path):
    lines = ["PATH=%s; export PATH" % path]
    lines += ['export %s="%s"' % item for item in ENVIRONMENT.items()]
    return "\n".join(lines) + PRELUDE + CASES[name].replace("\n" + " " * 8, "\n").strip("\n") + "\n"


def prepare(work, tree, names):
    """Scripts for both sides, and the host's folder of links that stand for the tree's programs."""
    for side in ("host", "guest"):
        for part in ("bin", "cases", "out"):
            os.makedirs(os.path.join(work, side, part), exist_ok=True)
        write(os.path.join(work, side, "bin/arm"), BY_PATH[side])
    write(os.path.join(work, "host/wrapper"), WRAPPER)
    for directory in PROGRAMS:
        for name in os.listdir(tree + directory):
            link = os.path.join(work, "host/bin", name)
            if is_program(tree + directory + "/" + name) and not os.path.lexists(link):
                os.symlink("../wrapper", link)
    for name in names:
        write(os.path.join(work, "host/cases", name), script(name, os.path.join(work, "host/bin") + ":$PATH"))
        write(os.path.join(work, "guest/cases", name), script(name, "/mnt/guest/bin:/usr/bin:/usr/sbin"))
    write(os.path.join(work, "guest/run"), "mkdir /tmp/$1 && cd /tmp/$1 && timeout -k 5 $2 sh /mnt/guest/cases/$1 "
          ">/mnt/guest/out/$1 2>&1 </dev/null; echo \"status $?\" >>/mnt/guest/out/$1; cd /; rm -rf /tmp/$1\n")


def on_the_host(work, tree, name, seconds):
    """What the user-mode emulator makes of a case."""
    path = os.path.join(work, "host/out", name)
    if not os.path.exists(path):
        with tempfile.TemporaryDirectory(dir=work) as directory, open(path + ".new", "wb") as out:
            command = ["timeout", "-k", "5", str(int(seconds)), "sh", os.path.join(work, "host/cases", name)]
            status = subprocess.run(command, cwd=directory, stdout=out, stderr=subprocess.STDOUT, check=False,
                                    stdin=subprocess.DEVNULL, env=dict(os.environ, TREE=tree)).returncode
            out.write(b"status %d\n" % status)
        os.rename(path + ".new", path)
    return read(path)


def read(path):
    with open(path, encoding="utf-8", errors="backslashreplace") as file:
        return file.read()


def compare(want, got):
    """What is wrong, or None."""
    if want.endswith(("status 124\n", "status 137\n")):
        return "the user-mode emulator did not come to an end"
    if want == got:
        return None
    lines = list(difflib.unified_diff(want.splitlines(), got.splitlines(), "qemu-arm", "guest", lineterm="", n=1))
    return "\n".join(line[:300] for line in lines[:40])


def judge(cases, design, machine, work, image, oracle):
    """All cases in one guest. oracle: name -> what will be known of the user-mode emulator."""
    disks = ("-drive", "if=virtio,format=raw,readonly=on,file=" + image,
             "-virtfs", "local,path=%s,mount_tag=work,security_model=none" % work)
    with VM(dtb="builtin", args=disks, **machine) as vm:
        with cases.case(design + ": the tree is there", vm) as up:
            vm.wait_shell()
            for line in filter(None, ENTER.splitlines()):
                status, text = vm.shell(line)
                assert status == 0, text
        for name in oracle if up.ok else ():
            with cases.case("%s: %s" % (design, name), vm if vm.ended else None):
                seconds = SECONDS * vm.scale
                vm.shell("chroot /tree /usr/bin/sh /mnt/guest/run %s %d" % (name, seconds), 2 * SECONDS)
                problem = compare(oracle[name].result(), read(os.path.join(work, "guest/out", name)))
                assert problem is None, problem
        with cases.case(design + ": kernel log is clean", vm):
            vm.shell("dmesg", 60)
            vm.check_log()


def main():
    parser = argparse.ArgumentParser(description="Other people's programs, in the guest and under qemu-arm.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases: %s [all]" % ", ".join(CASES))
    parser.add_argument("--design", default="unified", help="of %s, joined by + [unified]" % ", ".join(designs()))
    parser.add_argument("--smp", type=int, default=4, help="[4]")
    parser.add_argument("--accel", default="", help="more properties of -accel tcg")
    parser.add_argument("--keep", metavar="DIRECTORY")
    parser.add_argument("--tree", metavar="DIRECTORY,IMAGE",
                        help="packages that are unpacked already, and the same as an image of ext4")
    options = parser.parse_args()
    unknown = set(options.names) - set(CASES)
    if unknown:
        parser.error("no such case: " + " ".join(sorted(unknown)))
    cases = Cases()
    if not shutil.which("qemu-arm"):
        cases.skip("programs of packages", "no qemu-arm")
        cases.finish()
    if options.tree:
        tree, image = (os.path.abspath(path) for path in options.tree.split(","))
    else:
        parts = guest_parts("packages")
        tree, image = parts["packages"], parts["packages_image"]
    names = options.names or list(CASES)
    with tempfile.TemporaryDirectory(prefix="packages.") as scratch:
        work = os.path.abspath(options.keep or scratch)
        prepare(work, tree, names)
        # The user-mode emulator goes ahead while the guest works.
        pool = concurrent.futures.ThreadPoolExecutor(1)
        oracle = {name: pool.submit(on_the_host, work, tree, name, 5 * SECONDS * time_scale()) for name in names}
        for design in options.design.split("+"):
            accel, slow = designs()[design]
            machine = {"accel": ",".join(filter(None, (accel, options.accel))), "smp": options.smp, "slow": slow}
            judge(cases, design, machine, work, image, oracle)
    cases.finish()


if __name__ == "__main__":
    main()
