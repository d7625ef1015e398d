#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=1500
"""A fixed choice of GCC's c-torture programs, each in one code variant: see torture.py, which this runs."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import torture                  # noqa: E402  (path set above)

if __name__ == "__main__":
    sys.exit(torture.main(["--quick", *sys.argv[1:]]))
