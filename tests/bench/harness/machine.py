# SPDX-License-Identifier: GPL-2.0-or-later
"""What the measurement ran on, for the results."""
import datetime
import os
import platform
import re
import subprocess

from . import images
from .targets import ROOT


def first_line(argv):
    try:
        text = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, text=True,
                              check=False, cwd=ROOT).stdout
    except OSError:
        return None
    return text.splitlines()[0].strip() if text.strip() else None


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def describe():
    cpuinfo, meminfo = read("/proc/cpuinfo"), read("/proc/meminfo")
    model = re.search(r"^model name\s*:\s*(.*)$", cpuinfo, re.M)
    memory = re.search(r"^MemTotal:\s+(\d+) kB", meminfo, re.M)
    changed = first_line(["git", "status", "--porcelain", "--untracked-files=no"])
    return {
        "cpu": model.group(1) if model else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "virtual": " hypervisor" in cpuinfo,
        "memory_mib": int(memory.group(1)) // 1024 if memory else None,
        "kernel": "%s %s" % (platform.system(), platform.release()),
        "host_compiler": first_line([images.compiler("native"), "--version"]),
        "guest_compiler": first_line([images.compiler("guest"), "--version"]),
        "python": platform.python_version(),
        "commit": first_line(["git", "rev-parse", "HEAD"]),
        "uncommitted_changes": changed is not None,
        "load": os.getloadavg()[0],
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"),
    }
