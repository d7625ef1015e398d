# SPDX-License-Identifier: GPL-2.0-or-later
"""Bare-metal guest programs of tests outside tests/guest, with that folder's runtime."""
import importlib.util
import os
import shutil

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build"))


def images(folder, *names, with_vfp=False):
    """The images of tests/FOLDER/NAME, in that order; None if there is no cross compiler."""
    spec = importlib.util.spec_from_file_location("run_guest", os.path.join(ROOT, "tests/guest/run-guest.py"))
    run_guest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run_guest)
    if not shutil.which(run_guest.CROSS + "gcc"):
        return None
    sources = [os.path.join(ROOT, "tests", folder, name) for name in names]
    built = run_guest.build(sources, os.path.join(BUILD, "tests", folder), sources if with_vfp else ())
    return [built[source] for source in sources]
