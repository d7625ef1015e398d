# SPDX-License-Identifier: GPL-2.0-or-later
"""A program at one end of QMP, and an emulator at the other, for the tests that speak it."""
import array
import json
import os
import socket
import subprocess
import time

from qmp_schema import Schema

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
LIMIT = 60 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))


class Client:
    """A program at one end of the connection. Answers and events that are not as query-qmp-schema says are errors."""

    schema = None               # of the emulator under test; got once

    def __init__(self, path, negotiate=True, enable=None):
        end = time.monotonic() + LIMIT
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.settimeout(LIMIT)
                self.socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                assert time.monotonic() < end, "nobody listens"
                time.sleep(0.02)
        self.file = self.socket.makefile("rb")
        self.events = []
        self.greeting = self.read()
        if negotiate:
            assert self.order("qmp_capabilities", **({"enable": enable} if enable else {})) == {"return": {}}
            self.learn_schema()

    def learn_schema(self):
        if not Client.schema:
            Client.schema = Schema(self.result("query-qmp-schema"))

    def check(self, command, message):
        wrong = self.schema and self.schema.wrong_message(command, message)
        assert not wrong, "not as the schema says: %s" % wrong

    def read(self):
        line = self.file.readline()
        assert line, "the emulator hung up"
        message = json.loads(line)
        if "event" in message:
            self.check(None, message)
        return message

    def answer(self):
        while True:
            message = self.read()
            if "event" not in message:
                return message
            self.events.append(message)

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else json.dumps(data).encode())

    def send_with_fd(self, data, fd):
        """An order, and a descriptor that comes with it."""
        rights = array.array("i", [fd]).tobytes()
        self.socket.sendmsg([json.dumps(data).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])

    def raw(self, data):
        self.send(data)
        answer = self.answer()
        if isinstance(data, dict) and data.get("execute") in self.commands():
            self.check(data["execute"], answer)
        return answer

    def commands(self):
        return {name for orders, name in self.schema.rows if orders} if self.schema else ()

    def order(self, command, /, **arguments):
        order = {"execute": command}
        if arguments:
            order["arguments"] = {key.replace("_", "-"): value for key, value in arguments.items()}
        return self.raw(order)

    def result(self, command, /, **arguments):
        answer = self.order(command, **arguments)
        assert "return" in answer, answer
        return answer["return"]

    def error(self, command, /, **arguments):
        return self.order(command, **arguments)["error"]

    def event(self, name):
        while True:
            for number, message in enumerate(self.events):
                if message["event"] == name:
                    del self.events[:number + 1]
                    return message
            self.events.append(self.read())

    def close(self):
        self.file.close()
        self.socket.close()


class Machine:
    """An emulator with a program's monitor at `path`, and another one."""

    def __init__(self, directory, *options, stopped=True):
        self.path, self.second = os.path.join(directory, "q"), os.path.join(directory, "r")
        self.process = subprocess.Popen(
            [QEMU, "-machine", "realview-eb-mpcore", "-m", "64", "-smp", "4", "-nographic", "-serial", "null",
                "-name", "probe",
             "-qmp", "unix:%s,server=on,wait=off" % self.path,
             "-chardev", "socket,id=two,path=%s,server=on,wait=off" % self.second, "-mon", "chardev=two,mode=control",
             *(("-S",) if stopped else ()), *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ended(self):
        return self.process.wait(LIMIT)


def built_in():
    """Whether this emulator has QMP."""
    answer = subprocess.run([QEMU, "-machine", "realview-eb-mpcore", "-qmp", "none", "-version"], check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return b"unknown" not in answer.stdout
