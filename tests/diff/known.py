# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the oracle departs from the architecture on purpose of its own, and we follow the manual.

Each entry: what is ignored, when, and the manual's section. Nothing else may differ.
"""
KNOWN = [
]


def filter_fields(fields, oracle, state):
    """Remove differences that an entry of KNOWN explains. oracle: its record; state: what the sequence started from."""
    for _, applies, names in KNOWN:
        if fields and applies(oracle, state):
            fields = [f for f in fields if not names(f[0])]
    return fields
