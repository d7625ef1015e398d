#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""What is made from -help: the manual page has each option and reads well, shells complete options and arguments,
installing puts them in place."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
BUILD = os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build"))
SCRIPT = os.path.join(ROOT, "scripts/help-files.py")
USAGE = os.path.join(ROOT, "docs/usage.md")
# (what is typed, some of what must be offered, what must not)
COMPLETIONS = [
    ("qemu-system-arm -kern", {"-kernel"}, {"-M"}),
    ("qemu-system-arm -", {"-M", "-machine", "-accel", "-sandbox", "-h"}, {"-hdb"}),
    ("qemu-system-arm -M ", {"realview-eb-mpcore", "help"}, {"-M", "file with blank"}),
    ("qemu-system-arm --watchdog-action p", {"poweroff", "pause"}, {"reset"}),
    ("qemu-system-arm -kernel fi", {"file with blank"}, {"-kernel"}),
    ("qemu-system-arm -dtb ", {"builtin", "file with blank", "folder"}, {"help"}),
    ("qemu-system-arm -chroot f", {"folder"}, {"file with blank"}),
    ("qemu-system-arm -append ", set(), {"-M", "file with blank"}),
    ("qemu-system-arm -nographic -ser", {"-serial"}, set()),
]


def make(kind, *more):
    return subprocess.run([sys.executable, SCRIPT, kind, QEMU, *more], stdout=subprocess.PIPE, check=True,
                          universal_newlines=True).stdout


def options():
    """Those of -help that there are."""
    text = subprocess.run([QEMU, "-help"], stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout
    return set(re.findall(r"^-([\w-]+)", text[:text.index("Options of QEMU that there are not:")], re.M))


def check_man(cases, directory):
    source = os.path.join(directory, "page.md")
    with open(source, "w", encoding="utf-8") as file:
        file.write(make("man", USAGE))
    with open(source, encoding="utf-8") as file:
        rows = re.findall(r"^`-([\w-]+)(?: \S+)?`\n: \S", file.read(), re.M)
    cases.check(set(rows) == options() and len(rows) == len(set(rows)), "the manual page has each option, and its text",
                set(rows) ^ options())
    if not shutil.which("lowdown") or not shutil.which("man"):
        cases.skip("the manual page can be read", "needs lowdown and man")
        return
    page = os.path.join(directory, "page.1")
    with open(page, "wb") as file:
        subprocess.run(["lowdown", "-s", "-Tman", "--out-no-smarty", source], stdout=file, check=True)
    shown = subprocess.run(["man", "-l", page], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                           env=dict(os.environ, MANPAGER="cat", MANWIDTH="80", LC_ALL="C.UTF-8"))
    text = re.sub(".\b", "", shown.stdout.decode())
    wanted = ["NAME", "qemu-system-arm(1)", "SYNOPSIS", "OPTIONS", "DESCRIPTION", "MONITOR", "-readconfig FILE"]
    trouble = [line for line in shown.stderr.splitlines() if b"cannot adjust line" not in line]   # tables are wide
    cases.check(shown.returncode == 0 and not trouble and all(word in text for word in wanted),
                "the manual page can be read", (shown.stderr, text[:300]))


def check_bash(cases, directory):
    if not shutil.which("bash"):
        cases.skip("bash completes", "needs bash")
        return
    script = os.path.join(directory, "bash")
    with open(script, "w", encoding="utf-8") as file:
        file.write(make("bash"))
    place = os.path.join(directory, "place")
    os.makedirs(os.path.join(place, "folder"))
    with open(os.path.join(place, "file with blank"), "wb"):
        pass
    for typed, offered, not_offered in COMPLETIONS:
        words = typed.split(" ")
        call = "source '%s'; COMP_WORDS=(%s); COMP_CWORD=%d; _qemu_system_arm; printf '%%s\\n' \"${COMPREPLY[@]}\"" % (
            script, " ".join("'%s'" % word for word in words), len(words) - 1)
        done = subprocess.run(["bash", "-c", call], cwd=place, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, universal_newlines=True)
        got = set(done.stdout.splitlines())
        cases.check(not done.stderr and offered <= got and not got & not_offered, "bash completes: " + typed,
                    (done.stderr, got))


def check_zsh(cases, directory):
    if not shutil.which("zsh"):
        cases.skip("zsh takes its completion", "needs zsh")
        return
    script = os.path.join(directory, "_qemu-system-arm")
    with open(script, "w", encoding="utf-8") as file:
        file.write(make("zsh"))
    # _arguments itself reads the rows; it is called with what it would be given by the line editor.
    done = subprocess.run(["zsh", "-f", "-c", "_arguments() { print -rl -- $@ }; source %s" % script],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, universal_newlines=True)
    rows = re.findall(r"^\*-([\w-]+)\[(?:[^\]\\]|\\.)+\](?::(?:[^:\\]|\\.)+:(?:_files(?: -/)?|\((?:[^)\\]|\\.)*\)))?$",
                      done.stdout, re.M)
    cases.check(done.returncode == 0 and not done.stderr and set(rows) == options(), "zsh takes its completion",
                (done.stderr, set(rows) ^ options()))


def check_install(cases, directory):
    page = os.path.join(BUILD, "docs/qemu-system-arm")
    if QEMU != os.path.join(BUILD, "qemu-system-arm") or not os.path.exists(page):
        cases.skip("installed", "the emulator under test is not the one that was built")
        return
    done = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", directory],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, universal_newlines=True)
    found = {os.path.relpath(os.path.join(path, name), directory) for path, _, names in os.walk(directory)
             for name in names}
    wanted = ["bin/qemu-system-arm", "bash-completion/completions/qemu-system-arm",
              "zsh/site-functions/_qemu-system-arm"]
    if os.path.exists(os.path.join(BUILD, "docs/qemu-system-arm.1")):
        wanted.append("man/man1/qemu-system-arm.1")
    cases.check(done.returncode == 0 and all(any(name.endswith(end) for name in found) for end in wanted),
                "installing puts them in place", (done.stdout, found))


def main():
    cases = tap.Cases()
    for check in (check_man, check_bash, check_zsh, check_install):
        with tempfile.TemporaryDirectory() as directory:
            check(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
