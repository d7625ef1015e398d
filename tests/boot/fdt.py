# SPDX-License-Identifier: GPL-2.0-or-later
"""Flattened device trees (Devicetree Specification 0.4, chapter 5): read, changed, written. For tests that want another
tree than the emulator's own."""
import struct

MAGIC, BEGIN, END, PROPERTY, NOP, FINISH = 0xd00dfeed, 1, 2, 3, 4, 9
VERSION, COMPATIBLE = 17, 16
HEADER = ">10I"


def cells(*numbers):
    return struct.pack(">%dI" % len(numbers), *numbers)


def texts(*words):
    return b"".join(word.encode() + b"\0" for word in words)


class Node:
    """A node; its properties are bytes by their names."""

    def __init__(self, name):
        self.name, self.properties, self.children = name, {}, []

    def child(self, name):
        """One that has that name, which is made if it is not there."""
        for child in self.children:
            if child.name == name:
                return child
        self.children.append(Node(name))
        return self.children[-1]

    def find(self, name):
        """The first node below that has that name."""
        for child in self.children:
            found = child if child.name == name else child.find(name)
            if found:
                return found
        return None


class Tree:
    """A whole one; blob: as it was read."""

    def __init__(self, blob):
        magic, _, at, strings, reserved = struct.unpack_from(">5I", blob)
        if magic != MAGIC:
            raise ValueError("no device tree: %s" % blob[:4].hex())
        end = reserved
        while any(blob[end:end + 16]):
            end += 16
        self.reserved, self.cpu = blob[reserved:end + 16], struct.unpack_from(HEADER, blob)[7]
        self.root = None
        path = []
        while True:
            token, = struct.unpack_from(">I", blob, at)
            at += 4
            if token == BEGIN:
                name = blob[at:blob.index(b"\0", at)].decode()
                at += len(name) + 4 & ~3
                node = Node(name)
                if path:
                    path[-1].children.append(node)
                else:
                    self.root = node
                path.append(node)
            elif token == PROPERTY:
                length, name = struct.unpack_from(">2I", blob, at)
                name += strings
                path[-1].properties[blob[name:blob.index(b"\0", name)].decode()] = blob[at + 8:at + 8 + length]
                at += 8 + length + 3 & ~3
            elif token == END:
                path.pop()
            elif token == FINISH:
                return

    def blob(self):
        strings, places, body = bytearray(), {}, bytearray()

        def padded(data):
            body.extend(data + bytes(-len(data) % 4))

        def write(node):
            body.extend(cells(BEGIN))
            padded(node.name.encode() + b"\0")
            for name, value in node.properties.items():
                if name not in places:
                    places[name] = len(strings)
                    strings.extend(name.encode() + b"\0")
                body.extend(cells(PROPERTY, len(value), places[name]))
                padded(value)
            for child in node.children:
                write(child)
            body.extend(cells(END))
        write(self.root)
        body.extend(cells(FINISH))
        head = struct.calcsize(HEADER)
        at = head + len(self.reserved)
        return struct.pack(HEADER, MAGIC, at + len(body) + len(strings), at, at + len(body), head, VERSION, COMPATIBLE,
                           self.cpu, len(strings), len(body)) + self.reserved + body + strings
