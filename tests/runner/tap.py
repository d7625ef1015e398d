# SPDX-License-Identifier: GPL-2.0-or-later
"""How tests in Python print their cases (TAP): one Cases per program, and `return cases.done()` at its end.

Scripts find this module by
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))
"""
import contextlib


class Cases:
    """Numbers and prints results, one line each."""

    def __init__(self):
        self.count = self.failures = 0

    def check(self, good, name, detail=None):
        """A case. What failed is explained by detail: anything with a text, printed as a comment before it."""
        self.count += 1
        if not good:
            self.failures += 1
            if detail is not None and str(detail):
                print("# " + str(detail).rstrip("\n").replace("\n", "\n# "))
        print("%sok %d - %s" % ("" if good else "not ", self.count, name), flush=True)
        return bool(good)

    def skip(self, name, reason):
        """A case that cannot be tried here. The reason is shown; nothing is skipped silently."""
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, reason), flush=True)

    @contextlib.contextmanager
    def case(self, name, *expected):
        """A case that fails if its block raises AssertionError or one of the exceptions expected."""
        try:
            yield
        except (AssertionError, *expected) as error:
            self.check(False, name, "%s: %s" % (type(error).__name__, error))
        else:
            self.check(True, name)

    def done(self):
        """Print the plan; the program's exit code."""
        print("1..%d" % self.count, flush=True)
        return 1 if self.failures else 0
