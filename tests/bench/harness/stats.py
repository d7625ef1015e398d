# SPDX-License-Identifier: GPL-2.0-or-later
"""The counters that ours writes with -accel tcg,stats=FILE (docs/observe.md), condensed: sums over the CPUs.

What is not there counts as zero, and what is not known here is left alone, so that files of other versions can be read.
"""
import json
import re

# The locks of a CPU's own interrupt interface: nobody else waits for them.
PRIVATE_LOCK = re.compile(r" P\d+$")
# E for reading is held by every CPU that runs: not a serial section.
SHARED_HOLD = ("E read",)


def read(path):
    """{wall_ns, threads (that run CPUs), events, locks, counters, caches}, or {error}."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError) as error:
        return {"error": str(error)}
    if not isinstance(data, dict):
        return {"error": "not an object"}
    cpus = [cpu for cpu in data.get("cpus") or [] if isinstance(cpu, dict)]
    everybody = [*cpus, data["io"]] if isinstance(data.get("io"), dict) else cpus
    named = {}
    for lock in data.get("locks") or []:
        if isinstance(lock, dict) and "name" in lock:
            add(named.setdefault(str(lock["name"]), {}), lock)
    locks = merge([named, *[thread.get("locks") for thread in everybody]])
    counters = {}
    for cpu in cpus:
        if isinstance(cpu.get("counters"), dict):
            add(counters, cpu["counters"])
    accel = data.get("accel") if isinstance(data.get("accel"), dict) else {}
    threads = 1 if accel.get("thread") == "single" else len(cpus)
    return {"wall_ns": data.get("wall_ns", 0), "threads": threads, "events": merge([cpu.get("events") for cpu in cpus]),
            "locks": {name: lock for name, lock in locks.items() if lock.get("acquired")}, "counters": counters,
            "caches": data.get("code_caches") or []}


def add(into, row):
    for key, value in row.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            into[key] = max(into.get(key, 0), value) if "max" in key else into.get(key, 0) + value


def merge(tables):
    """Adds up {name: {count, total_ns, ...}}; of a maximum the largest."""
    total = {}
    for table in tables:
        for name, row in (table.items() if isinstance(table, dict) else ()):
            if isinstance(row, dict):
                add(total.setdefault(name, {}), row)
    return total


def event(summary, name, field="count"):
    return (summary.get("events") or {}).get(name, {}).get(field, 0)


def busy_ns(summary):
    """Time of the CPUs' threads outside Idle."""
    return max(0, summary.get("wall_ns", 0) * summary.get("threads", 0) - event(summary, "Idle", "total_ns"))


def wait_ns(summary):
    return sum(lock.get("wait_ns", 0) for lock in (summary.get("locks") or {}).values())


def serial_ns(summary):
    """Time that locks which only one can have were held: exclusive sections, building, chaining, devices."""
    return sum(lock.get("hold_ns", 0) for name, lock in (summary.get("locks") or {}).items()
               if name not in SHARED_HOLD and not PRIVATE_LOCK.search(name))
