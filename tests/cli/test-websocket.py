#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180
"""Character devices on WebSocket connections (RFC 6455): the handshake, frames of all kinds and lengths, what is
against the rules, clients that come and go. Prints TAP.
"""
import os
import random
import re
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

from machine import ECHO, M, SCALE, connect, ended, run_all     # noqa: E402  (no bytecode)

# The key and the answer of RFC 6455, 1.3.
KEY, ACCEPT = b"dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
FIN, CONTINUE, TEXT, BINARY, CLOSE, PING, PONG = 0x80, 0, 1, 2, 8, 9, 10
SERVER = "%s,host=127.0.0.1,port=%d,server=on,wait=off,websocket=on"


def request(**changes):
    fields = {"Host": b"x", "Upgrade": b"WebSocket", "Connection": b"keep-alive, Upgrade", "Sec-WebSocket-Key": KEY,
              "Sec-WebSocket-Version": b"13"}
    fields.update((name.replace("_", "-"), value) for name, value in changes.items())
    lines = [b"%s: %s" % (name.encode(), value) for name, value in fields.items() if value is not None]
    return b"GET / HTTP/1.1\r\n" + b"\r\n".join(lines) + b"\r\n\r\n"


def frame(opcode, payload=b"", fin=FIN, masked=True, mask=b"\x11\x22\x33\x44"):
    size = len(payload)
    head = bytes([fin | opcode])
    length = (bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 65536
              else b"\x7f" + size.to_bytes(8, "big"))
    if not masked:
        return head + length + payload
    return (head + bytes([length[0] | 0x80]) + length[1:] + mask +
            bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))


class Client:
    def __init__(self, port, hello=True, **changes):
        self.socket = connect(socket.AF_INET, ("127.0.0.1", port))
        self.socket.settimeout(60 * SCALE)
        self.buffer = b""
        if hello:
            self.socket.sendall(request(**changes))
            self.answer = self.until(b"\r\n\r\n")

    def more(self):
        part = self.socket.recv(65536)
        self.buffer += part
        return part

    def until(self, end):
        while end not in self.buffer:
            if not self.more():
                return self.buffer
        text, self.buffer = self.buffer.split(end, 1)
        return text + end

    def take(self, count):
        while len(self.buffer) < count:
            if not self.more():
                return b""
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def frame(self):
        """(first byte, payload) of the next frame; None at the end."""
        head = self.take(2)
        if not head:
            return None
        size = head[1]
        if size == 126:
            size = int.from_bytes(self.take(2), "big")
        return head[0], self.take(size)

    def text(self, pattern):
        """Payload of data frames until it matches."""
        got = b""
        while not re.search(pattern, got):
            found = self.frame()
            if not found:
                break
            if found[0] & 15 == BINARY:
                got += found[1]
        return got

    def send(self, *args, **options):
        self.socket.sendall(frame(*args, **options))

    def ended(self):
        """What comes up to the end of the connection."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            pass
        return self.buffer


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def monitor(cases, port):
    c = Client(port, Sec_WebSocket_Protocol=b"chat, binary")
    cases.check(c.answer.startswith(b"HTTP/1.1 101 ") and b"Sec-WebSocket-Accept: %s\r\n" % ACCEPT in c.answer and
                b"Sec-WebSocket-Protocol: binary\r\n" in c.answer, "the handshake's answer", c.answer)
    cases.check(c.text(rb"\(qemu\) $"), "the monitor greets in frames")
    c.send(BINARY, b"info ", fin=0)
    c.send(PING, b"are you there")
    found = c.frame()
    while found and found[0] == FIN | BINARY:           # the monitor's echo
        found = c.frame()
    cases.check(found == (FIN | PONG, b"are you there"), "a ping between the parts of a message is answered", found)
    c.send(CONTINUE, b"sta", fin=0)
    c.send(CONTINUE, b"tus\n")
    got = c.text(rb"\(qemu\) $")
    cases.check(b"VM status: paused" in got, "a message in three parts", got)
    c.send(TEXT, b"info version\n")
    got = c.text(rb"\(qemu\) $")
    cases.check(b"info version" in got, "text is bytes as well", got)
    c.send(PONG, b"unasked")
    c.socket.sendall(b"".join(frame(BINARY, bytes([byte]), mask=bytes([byte, 1, 2, 3])) for byte in b"info name\n"))
    cases.check(b"info name" in c.text(rb"name\r?\n(.|\n)*\(qemu\) $"), "a frame for each byte, each with its mask")
    c.send(CLOSE, b"\x03\xe8bye")
    found = c.frame()
    cases.check(found == (FIN | CLOSE, b"\x03\xe8") and not c.ended(), "a close is answered, and the connection ends",
                found)


def against_the_rules(cases, port):
    for name, text in (("another page", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                       ("POST", request().replace(b"GET", b"POST")),
                       ("HTTP/1.0", request().replace(b"HTTP/1.1", b"HTTP/1.0")),
                       ("another version", request(Sec_WebSocket_Version=b"8")),
                       ("no key", request(Sec_WebSocket_Key=None)),
                       ("no upgrade", request(Connection=b"keep-alive")),
                       ("a request without end", b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 20000)):
        c = Client(port, hello=False)
        c.socket.sendall(text)
        got = c.ended()
        # What is left unread of a long request resets the connection, and the answer may be lost by it.
        cases.check(got.startswith(b"HTTP/1.1 400 ") or (len(text) > 8192 and not got), "%s: refused" % name, got)
    for name, data in (("no mask", frame(BINARY, b"x", masked=False)), ("reserved bits", frame(0x42, b"x")),
                       ("an unknown kind", frame(3, b"x")), ("a ping in parts", frame(PING, b"x", fin=0)),
                       ("a long ping", frame(PING, b"x" * 126)),
                       ("a length beyond 63 bits", b"\x82\xff" + b"\xff" * 12)):
        c = Client(port)
        c.text(rb"\(qemu\) $")
        c.socket.sendall(data)
        found = c.frame()
        cases.check(found == (FIN | CLOSE, b"\x03\xea"), "%s: the connection is closed with code 1002" % name, found)
        c.ended()
    rng = random.Random(1)
    for _ in range(50):
        c = Client(port)
        try:
            c.socket.sendall(rng.randbytes(rng.randrange(1, 3000)))
            c.socket.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass
        c.ended()
    c = Client(port)
    cases.check(c.text(rb"\(qemu\) $"), "after fifty clients that send anything the next one is served")
    c.send(BINARY, b"quit\n")
    c.ended()


def test_monitor(cases, files):
    port = free_port()
    p = subprocess.Popen([*M, "-S", "-serial", "none", "-chardev", SERVER % ("socket,id=m", port), "-mon", "m"],
                         stdin=subprocess.DEVNULL)
    monitor(cases, port)
    against_the_rules(cases, port)
    cases.check(ended(p) == 0, "quit")


def test_echo(cases, files):
    """A guest that sends back what it gets, more of it than any buffer on the way takes."""
    port = free_port()
    data = random.Random(2).randbytes(200000).replace(b"\x01", b"\x02")
    p = subprocess.Popen([*M, "-monitor", "none", "-serial", "websocket:127.0.0.1:%d,server=on,wait=off" % port,
                          *files.program(ECHO)], stdin=subprocess.DEVNULL)
    c = Client(port)
    pid = os.fork()
    if pid == 0:
        for begin, size in ((0, 10), (10, 125), (135, 126), (261, 70000), (70261, len(data))):
            c.socket.sendall(frame(BINARY, data[begin:begin + size]))
        os._exit(0)
    got = b""
    while len(got) < len(data):
        found = c.frame()
        if not found:
            break
        got += found[1]
    os.waitpid(pid, 0)
    cases.check(got == data, "200000 bytes to the guest and back", "%d bytes" % len(got))
    p.terminate()
    ended(p)


def test_options(cases, files):
    for spec, line in (("websocket:127.0.0.1:1", "needs server=on"),
                       ("tcp:127.0.0.1:1,websocket=on", "needs server=on"),
                       ("telnet:127.0.0.1:0,server=on,websocket=on", "either telnet or websocket")):
        r = subprocess.run([*M, "-serial", spec, "-display", "none"], stdin=subprocess.DEVNULL, capture_output=True,
                           check=False, timeout=60 * SCALE)
        text = r.stderr.decode()
        cases.check(r.returncode == 1 and line in text and text.count("\n") == 1, "-serial %s is refused" % spec, text)


if __name__ == "__main__":
    sys.exit(run_all(test_monitor, test_echo, test_options))
