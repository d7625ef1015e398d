# SPDX-License-Identifier: GPL-2.0-or-later
"""The format of a saved state (docs/snapshots.md), taken to pieces and put together again."""
import struct
import zlib

HEADER = 12


class Section:
    """One section of a state; bytes() puts it together, with a checksum that is right."""

    def __init__(self, data, at):
        self.begin = at
        length = data[at]
        self.name = data[at + 1:at + 1 + length].decode()
        self.version, size = struct.unpack_from("<II", data, at + 1 + length)
        self.payload_at = at + 9 + length
        self.payload = data[self.payload_at:self.payload_at + size]
        self.end = self.payload_at + size + 4
        assert struct.unpack_from("<I", data, self.end - 4)[0] == zlib.crc32(data[at:self.end - 4])

    def bytes(self):
        head = bytes([len(self.name)]) + self.name.encode() + struct.pack("<II", self.version, len(self.payload))
        return head + self.payload + struct.pack("<I", zlib.crc32(head + self.payload))


def sections(data):
    """All sections of a state."""
    found, at = [], HEADER
    while at < len(data):
        found.append(Section(data, at))
        at = found[-1].end
    return found


def join(data, parts):
    """A state of these sections, with the header of `data`."""
    return data[:HEADER] + b"".join(part.bytes() for part in parts)
