# SPDX-License-Identifier: GPL-2.0-or-later
"""Initial file systems made of the guest's usual image and something behind it: the kernel unpacks one archive after
the other into the same directory. Used by every test that brings programs of its own."""
import contextlib
import gzip
import shutil


class Archive:
    """Writes a cpio archive ("newc") of files that belong to root."""

    def __init__(self, file):
        self.file, self.number = file, 0

    def _entry(self, name, mode, data):
        self.number += 1
        fields = (self.number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = "070701" + "".join("%08x" % n for n in fields)
        self._padded(head.encode() + name.encode() + b"\0")
        self._padded(data)

    def _padded(self, data):
        self.file.write(data + bytes(-len(data) % 4))

    def directory(self, name):
        self._entry(name, 0o40755, b"")

    def add(self, name, data):
        """A file that may be executed."""
        self._entry(name, 0o100755, data)

    def end(self):
        self._entry("TRAILER!!!", 0, b"")


@contextlib.contextmanager
def image_behind(path, *images):
    """Write to path the images given and behind them an archive, which the caller fills: `with ... as archive:`."""
    with open(path, "wb") as out:
        for image in images:
            with open(image, "rb") as first:
                shutil.copyfileobj(first, out)
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, filename="", mtime=0) as packed:
            archive = Archive(packed)
            yield archive
            archive.end()
