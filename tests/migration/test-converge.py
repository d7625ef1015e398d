#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""Capability auto-converge: a machine that stores faster than its state goes out is held for a part of the time."""
import os
import sys
import tempfile
import time

from machines import PATIENCE, Machine, guest

from tap import Cases

SLOW = 1 << 20                  # bytes a second: so many the guest's pages have, and it stores to all of them meanwhile


def settings(here, on, **parameters):
    here.order("migrate-set-capabilities", capabilities=[{"capability": "auto-converge", "state": on}])
    here.order("migrate-set-parameters", **{"max-bandwidth": SLOW, "downtime-limit": 0, "cpu-throttle-initial": 20,
                                            "cpu-throttle-increment": 10, "max-cpu-throttle": 99,
                                            "throttle-trigger-threshold": 1, **parameters})


def until(here, holds):
    """Ask until it is so; what was told then."""
    end = time.monotonic() + PATIENCE
    while True:
        info = here.order("query-migrate")
        if holds(info):
            return info
        assert info["status"] == "active" or info["status"] == "setup", info
        assert time.monotonic() < end, info
        time.sleep(0.02)


def percent(info):
    return info.get("cpu-throttle-percentage", 0)


def sends(here):
    """Begin to send to nobody; the machine is the sender's as long as it does not end."""
    here.order("migrate", uri="exec:cat > /dev/null")
    return until(here, lambda info: info["status"] == "active")


def stop(here):
    here.order("migrate_cancel")
    info = here.migrated()
    assert info["status"] == "cancelled", info
    assert "cpu-throttle-percentage" not in info, info
    here.round(here.round())


def main():
    cases, image = Cases(), guest("stores.c")
    if not image:
        cases.skip("auto-converge", "no cross compiler")
        return cases.done()
    with tempfile.TemporaryDirectory() as tmp, Machine(tmp, image) as here:
        here.round()
        with cases.case("without the capability the CPUs run all the time"):
            settings(here, False)
            sends(here)
            info = until(here, lambda info: info["ram"]["dirty-sync-count"] >= 7)
            assert not percent(info), info
            stop(here)
        with cases.case("with it they are held for a part of the time, and more and more"):
            settings(here, True)
            sends(here)
            seen = [percent(until(here, lambda info, more=more: percent(info) >= more)) for more in (1, 21, 31)]
            assert seen == sorted(seen) and all(p % 10 == 0 and 20 <= p <= 99 for p in seen), seen
            assert "cpu throttle percentage: " in here.hmp("info migrate")
            here.round(here.round())
        with cases.case("a machine that is held can be stopped, and goes on"):
            here.order("stop")
            info = here.migrated()
            assert info["status"] == "completed" and not percent(info), info
            here.order("cont")
            here.round(here.round())
        with cases.case("first and greatest part are what was said"):
            settings(here, True, **{"cpu-throttle-initial": 5, "cpu-throttle-increment": 3, "max-cpu-throttle": 9})
            sends(here)
            seen = {percent(until(here, lambda info, more=more: percent(info) >= more)) for more in (1, 8, 9)}
            assert seen <= {5, 8, 9}, seen
            stop(here)
        with cases.case("mistakes change nothing"):
            for value in (0, 100, -1):
                assert "percentage, 1 to 99" in here.error("migrate-set-parameters",
                                                           **{"max-cpu-throttle": value, "max-bandwidth": 1})
            assert "percentage, 1 to 99" in here.hmp("migrate_set_parameter cpu-throttle-initial x")
            now = here.order("query-migrate-parameters")
            assert (now["max-cpu-throttle"], now["max-bandwidth"], now["cpu-throttle-initial"]) == (9, SLOW, 5), now
        with cases.case("the machine that arrives is as it was, and held no more"):
            settings(here, True, **{"cpu-throttle-initial": 90})
            with Machine(tmp, image, "separate", ["-incoming", "defer"]) as new:
                where = "unix:" + os.path.join(tmp, "moves")
                new.order("migrate-incoming", uri=where)
                here.order("migrate", uri=where)
                until(here, percent)
                here.order("migrate-set-parameters", **{"max-bandwidth": 0, "downtime-limit": 1000})
                info = here.migrated()
                assert info["status"] == "completed" and not percent(info), info
                new.round(new.round())
                new.verdict()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
