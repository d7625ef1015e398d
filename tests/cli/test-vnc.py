#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""The VNC server, with a small client (rfb.py): the picture, keys and pointer, passwords, addresses, browsers; clients
that do not read, send nonsense, come and go while the guest goes on. Prints TAP.
"""
import base64
import random
import resource
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import rfb                                          # noqa: E402  (no bytecode)
from display_machine import (HEIGHT, KMI, LIMIT, PICTURE, WIDTH, Machine, Received, screen_program,         # noqa: E402
                             until)
from machine import M, Cases, Files, connect        # noqa: E402

WANT = (WIDTH, HEIGHT, PICTURE)


def test_picture(cases, files):
    path = files.path("vnc")
    with Machine(files, ["-display", "none", "-vnc", "unix:" + path], screen_program()) as machine:
        machine.qmp("query-status")                 # from now on events come
        client = rfb.connect_unix(path, timeout=LIMIT)
        cases.check(client.picture(lambda seen: seen == WANT) == WANT, "the picture, after a change of its size")
        cases.check(client.name == b"PQEMU", "the name", client.name)
        cases.check(client.format[:3] == bytes([32, 24, 0]), "the depth counts bits that are used", list(client.format))
        event = machine.event("VNC_INITIALIZED")
        cases.check(event["data"]["server"] == {"host": "", "service": path, "family": "unix", "websocket": False,
                                                "auth": "none"}, "VNC_INITIALIZED", event)
        text = machine.hmp("info vnc")
        cases.check("Server: :%s (unix)" % path in text and "Auth: none" in text and text.count("Client:") == 1,
                    "info vnc", text)
        answer = machine.qmp("query-vnc")["return"]
        rows = machine.qmp("query-vnc-servers")["return"]
        cases.check(len(rows) == 1 and rows[0]["clients"] == answer["clients"]
                    and rows[0]["server"][0]["service"] == path, "query-vnc-servers", rows)
        cases.check(answer["enabled"] and answer["service"] == path and len(answer["clients"]) == 1, "query-vnc",
                    answer)
        client.close()
        machine.event("VNC_DISCONNECTED")
        answer = machine.qmp("query-vnc")["return"]
        cases.check(answer["clients"] == [], "the client has gone", answer)
        cases.check(machine.hmp("change vnc password x") == "the VNC server has no password (-vnc ...,password=on)\n",
                    "a password that there is not")
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def test_input(cases, files):
    path, out = files.path("vnc"), files.path("out")
    with Machine(files, ["-display", "vnc=unix:" + path, "-serial", "file:" + out], KMI) as machine:
        comes = Received(cases, out).comes
        comes("fa", "the mouse answers")
        client = rfb.connect_unix(path, timeout=LIMIT)
        client.type("a/\n")
        comes("1c f01c 4a f04a 5a f05a", "signs and Enter")
        client.type("A!")
        comes("12 1c f012 f01c 12 16 f012 f016", "signs that need a shift which the client does not press")
        client.key(0xffe1, True)
        client.type("A")
        client.key(0xffe1, False)
        comes("12 1c f01c f012", "and with it")
        client.key(0xffc2, True)
        client.key(0xffc2, False)
        client.key(0x20ac, True)
        comes("03 f003", "F5; a sign that no key has")
        client.pointer(100, 100)
        client.pointer(103, 98)
        comes("08 03 02", "the pointer")
        client.pointer(103, 98, 5)
        client.pointer(103, 98)
        comes("0b 00 00 08 00 00", "buttons")
        client.may_send_keys()
        client.place(0x15, ord("z"), True)          # on a German keyboard z is where others have y
        client.place(0x15, ord("z"), False)
        comes("35 f035", "the key where it is, not the one that has the sign here")
        client.place(0xb8, 0xfe03, True)
        client.place(0xb8, 0xfe03, False)
        client.place(0, ord("a"), True)
        client.place(0, ord("a"), False)
        comes("e011 e0f011 1c f01c", "AltGr; a sign whose key the client does not know")
        client.place(0x1e, ord("A"), True)
        client.place(0x1e, ord("A"), False)
        comes("1c f01c", "a client that knows keys presses shift itself")
        client.key(ord("b"), True)
        comes("32", "a key is held")
        client.close()
        comes("f032", "it is released when the client goes")
        client = rfb.connect_unix(path, timeout=LIMIT)
        client.pointer(50, 50)
        client.type("ab" * 60)
        client.pointer(51, 50)
        comes("1c f01c 32 f032" * 60 + "08 01 00", "a text in one go, longer than any queue of a keyboard; what the "
              "pointer does comes behind it")
        client.close()
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def test_pointer_kinds(cases, files):
    path, out = files.path("vnc-pointer"), files.path("out-pointer")
    options = ["-display", "vnc=unix:" + path, "-serial", "file:" + out, "-device", "usb-tablet"]
    with Machine(files, options, KMI) as machine:
        comes = Received(cases, out).comes
        comes("fa", "the mouse answers")
        mice = machine.hmp("info mice")
        number = {name: next(line.split("#")[1][0] for line in mice.splitlines() if name in line.lower())
                  for name in ("ps/2", "tablet")}
        machine.hmp("mouse_set " + number["ps/2"])
        client = rfb.connect_unix(path, timeout=LIMIT)
        client.may_move()
        cases.check(client.places == 0, "a mouse: movements are wanted", mice)
        client.move(5, -2)
        client.move(-1, -1)
        comes("08 05 02 18 ff 01", "they go to the guest as they are")
        machine.hmp("mouse_set " + number["tablet"])
        client.move(0, 0)
        client.picture(lambda seen: client.places == 1)
        cases.check(True, "a tablet in its place: a client that sends movements is told to send places")
        other = rfb.connect_unix(path, timeout=LIMIT)
        other.may_move()
        cases.check(other.places == 1, "and a new one at once")
        other.close()
        client.close()
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


# Enables the first PL050; then gives the keyboard each byte that comes from UART0, and sends back what it answers.
LIGHTS = [
    0xe3a00201, 0xe3800a09,     # r0 = UART0
    0xe3a04201, 0xe3844a06,     # r4 = KMI0
    0xe3a02004, 0xe5842000,     # enable it
    # loop:
    0xe5901018,                 # ldr r1, [r0, #0x18]
    0xe3110010,                 # tst r1, #0x10
    0x1afffffc,                 # bne loop
    0xe5901000,                 # ldr r1, [r0]
    0xe5841008,                 # str r1, [r4, #8]
    # answer:
    0xe5941004,                 # ldr r1, [r4, #4]
    0xe3110010,                 # tst r1, #0x10
    0x0afffffc,                 # beq answer
    0xe5941008,                 # ldr r1, [r4, #8]
    0xe5801000,                 # str r1, [r0]
    0xeafffff4,                 # b loop
]


def test_lights(cases, files):
    path, line = files.path("vnc-lights"), files.path("line")
    with Machine(files, ["-display", "vnc=unix:" + path, "-serial", "unix:%s,server=on,wait=off" % line],
                 LIGHTS) as machine:
        serial = connect(socket.AF_UNIX, line)
        serial.settimeout(LIMIT)

        def set_lights(lights):
            for byte in (0xed, lights):
                serial.sendall(bytes([byte]))
                assert serial.recv(1) == b"\xfa"

        def hears(client, lights):
            while client.lights != lights:
                client.update()
                client.ask()
            return True

        clients = [rfb.connect_unix(path, timeout=LIMIT) for _ in range(2)]
        clients[0].may_see_lights()
        cases.check(clients[0].lights == 0, "led-state: all are off", clients[0].lights)
        for lights, name in ((4, "capitals"), (2, "numbers"), (1, "scroll lock")):
            clients[0].ask()
            set_lights(lights)
            cases.check(hears(clients[0], lights), "led-state: the guest switches one on: %s" % name)
        clients[1].may_see_lights()
        cases.check(clients[1].lights == 1, "led-state: a client that asks later hears it at once", clients[1].lights)
        clients[1].ask()
        clients[0].ask()
        set_lights(7)
        cases.check(hears(clients[1], 7) and hears(clients[0], 7), "led-state: all clients hear of it")
        for lights in (0, 7) * 20:                  # amid the update that told of the change before
            clients[0].ask()
            set_lights(lights)
            hears(clients[0], lights)
        cases.check(True, "led-state: changes that follow each other are all heard")
        for client in clients:
            client.close()
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def try_in(path, **arguments):
    """None: we are in. Else why not."""
    try:
        rfb.connect_unix(path, timeout=LIMIT, **arguments).close()
        return None
    except (rfb.Refused, OSError) as error:
        return str(error)


def test_passwords(cases, files):
    path = files.path("vnc")
    with Machine(files, ["-vnc", "unix:%s,password=on" % path]) as machine:
        cases.check(try_in(path, password="") is not None, "nobody gets in before there is a password")
        cases.check(machine.hmp("change vnc password secret") == "", "change vnc password")
        cases.check(try_in(path, password="secret") is None, "the right password")
        cases.check(try_in(path, password="Secret") is not None, "a wrong one")
        cases.check(try_in(path) is not None, "none")
        answer = machine.qmp("set_password", protocol="vnc", password="another long one")
        cases.check(answer == {"return": {}} and try_in(path, password="another long one") is None and
                    try_in(path, password="secret") is not None, "set_password", answer)
        cases.check(machine.hmp("expire_password vnc now") == "" and try_in(path, password="another ") is not None,
                    "it has expired")
        cases.check(machine.hmp("expire_password vnc +1000") == "" and try_in(path, password="another ") is None,
                    "it holds for a while")
        answer = machine.qmp("expire_password", protocol="vnc", time="now")
        cases.check(answer == {"return": {}} and try_in(path, password="another ") is not None, "for programs", answer)
        machine.qmp("expire_password", protocol="vnc", time="never")
        answer = machine.qmp("change-vnc-password", password="")
        cases.check(answer == {"return": {}} and try_in(path, password="") is not None, "an empty one lets nobody in")
        for line, says in (("change vnc password", "usage"), ("set_password spice x", "no 'spice'"),
                           ("set_password vnc x fail", "stay so"), ("expire_password vnc soon", "no time")):
            answer = machine.hmp(line)
            cases.check(says in answer, line, answer)
        for name, arguments in (("set_password", {"protocol": "spice", "password": "x"}),
                                ("set_password", {"protocol": "vnc", "password": "x", "connected": "fail"}),
                                ("expire_password", {"protocol": "vnc", "time": "soon"})):
            answer = machine.qmp(name, **arguments)
            cases.check("error" in answer, "%s %s" % (name, arguments), answer)
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def test_secrets(cases, files):
    path, file = files.path("vnc"), files.path("secret")
    with open(file, "w", encoding="ascii") as out:
        out.write("secret")
    for secret in ("data=secret", "data=c2VjcmV0,format=base64", "file=" + file):
        with Machine(files, ["-object", "secret,id=s," + secret,
                             "-vnc", "unix:%s,password-secret=s" % path]) as machine:
            cases.check(try_in(path, password="secret") is None and try_in(path, password="Secret") is not None,
                        "password-secret=: %s" % secret.split(",")[-1].split("=")[0])
            machine.end()


def free_display():
    """A display whose port, and the next one, are free now."""
    while True:
        display = random.randrange(1000, 20000)
        try:
            for port in (5900 + display, 5901 + display):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port))
            return display
        except OSError:
            pass


def test_tcp(cases, files):
    display = free_display()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 5900 + display))
        taken.listen(1)
        p = subprocess.run([*M, "-display", "none", "-vnc", "127.0.0.1:%d" % display], stderr=subprocess.PIPE,
                           check=False, timeout=LIMIT)
        cases.check(p.returncode == 1 and b"in use" in p.stderr and p.stderr.count(b"\n") == 1, "a port in use",
                    p.stderr)
        with Machine(files, ["-vnc", "127.0.0.1:%d,to=%d" % (display, display + 1)], screen_program()) as machine:
            answer = machine.qmp("query-vnc")["return"]
            cases.check((answer["host"], answer["service"], answer["family"]) ==
                        ("127.0.0.1", str(5901 + display), "ipv4"), "to=: the next port that is free", answer)
            client = rfb.connect_tcp(5901 + display, timeout=LIMIT)
            cases.check(client.picture(lambda seen: seen == WANT) == WANT, "the picture by TCP")
            client.close()
            code, text = machine.end()
            cases.check(code == 0 and not text, "the end", (code, text))


def test_browser(cases, files):
    port = 5900 + free_display()
    path = files.path("vnc")
    with Machine(files, ["-vnc", "unix:%s,websocket=%d" % (path, port)]) as machine:
        s = connect(socket.AF_INET, ("127.0.0.1", port))
        s.settimeout(LIMIT)
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\nSec-WebSocket-Key: "
                  + base64.b64encode(b"0123456789abcdef") + b"\r\n\r\n")
        data = b""
        while b"RFB 003.008" not in data:
            got = s.recv(4096)
            if not got:
                break
            data += got
        cases.check(data.startswith(b"HTTP/1.1 101") and data.endswith(b"\x82\x0cRFB 003.008\n"),
                    "a browser's connection", data)
        s.close()
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


# Fills a part of a frame of 640 x 480 again and again, and counts at 0x80000.
PAINTER = [
    0xe59f3048,         # ldr   r3, =CLCD
    0xe59f0048,         # ldr   r0, =FRAME
    0xe5830010,         # str   r0, [r3, #0x10]
    0xe59f1044,         # ldr   r1, =timing 0: 640 pixels
    0xe5831000,         # str   r1, [r3]
    0xe59f1040,         # ldr   r1, =timing 1: 480 lines
    0xe5831004,         # str   r1, [r3, #4]
    0xe59f103c,         # ldr   r1, =control
    0xe5831018,         # str   r1, [r3, #0x18]
    0xe3a04702,         # mov   r4, #0x80000
    0xe3a05000,         # mov   r5, #0
    # frame:
    0xe59f0020,         # ldr   r0, =FRAME
    0xe2801c4b,         # add   r1, r0, #0x4b00
    0xe2811a12,         # add   r1, r1, #0x12000        a part of it
    # word:
    0xe4805004,         # str   r5, [r0], #4
    0xe1500001,         # cmp   r0, r1
    0x1afffffc,         # bne   word
    0xe2855001,         # add   r5, r5, #1
    0xe5845000,         # str   r5, [r4]
    0xeafffff6,         # b     frame
    0x10020000, 0x00100000, 39 << 2, 479, 0x92b,
]


def test_bad_clients(cases, files):
    path = files.path("vnc")
    with Machine(files, ["-vnc", "unix:" + path], PAINTER) as machine:
        def painted():
            return int(machine.hmp("xp /1xw 0x80000").split()[-1], 16)

        def goes_on(name):
            before = painted()
            after = until(painted, lambda seen: seen != before)
            cases.check(after != before and machine.hmp("info status") == "VM status: running\n", name, (before, after))

        lazy = []
        for _ in range(5):
            client = rfb.connect_unix(path, timeout=LIMIT)
            lazy.append(client)
            for _ in range(200):                    # asked for, never read
                client.ask(False)
        goes_on("five clients do not read: the guest goes on")
        reader = rfb.connect_unix(path, timeout=LIMIT)
        first = reader.picture(lambda seen: seen[:2] == (640, 480) and seen[2][0])[2][0]
        second = reader.picture(lambda seen: seen[2][0] != first)[2][0]
        cases.check(first != second, "another client has new pictures meanwhile", (first, second))
        for i in range(40):
            s = socket.socket(socket.AF_UNIX)
            s.connect(path)
            s.sendall((b"" if i & 1 else b"RFB 003.008\n\1\1") + random.Random(i).randbytes(300))
            s.close()
        goes_on("nonsense from forty clients")
        for i in range(30):
            rfb.connect_unix(path, timeout=LIMIT).close()
        goes_on("thirty clients come and go")
        machine.qmp("stop")
        machine.qmp("system_reset")
        answer = machine.qmp("cont")
        cases.check(answer == {"return": {}}, "stop, reset and cont answer", answer)
        goes_on("and it goes on")
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end, with clients", (code, text))
        for client in [*lazy, reader]:
            client.close()


def test_threads(cases, files):
    path, clients = files.path("vnc-threads"), 40
    soft = resource.getrlimit(resource.RLIMIT_STACK)[0]
    stack = 2 << 20 if soft == resource.RLIM_INFINITY else soft
    with Machine(files, ["-display", "vnc=unix:" + path], screen_program()) as machine:
        machine.qmp("query-status")

        def come_and_go(count):
            for _ in range(count):
                rfb.connect_unix(path, timeout=LIMIT).close()
                machine.event("VNC_DISCONNECTED")
            with open("/proc/%d/status" % machine.process.pid, encoding="ascii") as file:
                return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmSize:"))

        before = come_and_go(5)
        after = come_and_go(clients)
        cases.check(after - before < clients * stack // 2, "clients-leave-their-stacks: they come and go, and nothing "
                    "of them stays", (before, after))
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def test_name(cases, files):
    path = files.path("named")
    with Machine(files, ["-display", "none", "-name", "guest=attic,process=x", "-vnc", "unix:" + path], []):
        client = rfb.connect_unix(path, timeout=LIMIT)
        cases.check(client.name == b"PQEMU (attic)", "viewers tell machines apart by -name", client.name)
        client.close()


def test_options(cases):
    for argument, says in ((":x", "no number"), ("1", "HOST:N"), (":2,to=1", "below"),
                           (":1,foo=1", "unknown property 'foo'"), (":70000", "no number"),
                           ("unix:/nonexistent/x", "No such file"),
                           (":1,share=some", "share is"),
                           ("unix:" + "x" * 200, "too long"), ("nohost.invalid:1", "nohost.invalid"),
                           (":1,password=2", "on"),
                           ("to=1", "first"), (":1,key-delay-ms=slow", "no number"), (":1,websocket=x", "no number")):
        p = subprocess.run([*M, "-display", "none", "-vnc", argument], stderr=subprocess.PIPE, check=False,
                           timeout=LIMIT)
        cases.check(p.returncode == 1 and says in p.stderr.decode() and p.stderr.count(b"\n") == 1,
                    "-vnc " + argument[:40], p.stderr)


def main():
    cases = Cases()
    if "vnc" not in subprocess.run([M[0], "-display", "help"], stdout=subprocess.PIPE, check=True).stdout.decode():
        p = subprocess.run([*M, "-vnc", ":1"], stderr=subprocess.PIPE, check=False, timeout=LIMIT)
        cases.check(p.returncode == 1 and b"without libvncserver" in p.stderr, "-vnc is refused", p.stderr)
        sys.exit(cases.done())
    with tempfile.TemporaryDirectory() as tmp:
        files = Files(tmp)
        test_picture(cases, files)
        test_name(cases, files)
        test_input(cases, files)
        test_pointer_kinds(cases, files)
        test_lights(cases, files)
        test_passwords(cases, files)
        test_secrets(cases, files)
        test_tcp(cases, files)
        test_browser(cases, files)
        test_bad_clients(cases, files)
        test_threads(cases, files)
        test_options(cases)
    sys.exit(cases.done())


if __name__ == "__main__":
    main()
