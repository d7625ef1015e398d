# SPDX-License-Identifier: GPL-2.0-or-later
"""The host CPU time of an emulator's threads, from its start to the end of a guest program."""
import os
import socket
import subprocess


def thread_times(pid):
    """name -> seconds of host CPU; threads of the same name together, the I/O thread is "main"."""
    times = {}
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as file:
            ns = int(file.read().split()[0])
        with open("/proc/%d/task/%s/comm" % (pid, task), encoding="ascii") as file:
            name = "main" if int(task) == pid else file.read().strip()
        times[name] = times.get(name, 0) + ns / 1e9
    return times


def times_of_program(command, qmp, environment=None, begun=None):
    """
    Run the emulator with a program that ends by semihosting: its threads' times then. qmp: a path for its socket;
    begun(): called when the emulator listens.
    """
    command = [*command, "-semihosting", "-no-shutdown", "-qmp", "unix:%s,server=on,wait=off" % qmp]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment) as process:
        control = socket.socket(socket.AF_UNIX)
        while True:
            try:
                control.connect(qmp)
                break
            except OSError:
                assert process.poll() is None, "the emulator ended"
        if begun:
            begun()
        lines = control.makefile("rb")
        control.sendall(b'{"execute": "qmp_capabilities"}')
        while b'"SHUTDOWN"' not in lines.readline():
            pass
        times = thread_times(process.pid)
        control.sendall(b'{"execute": "quit"}')
        process.wait()
        return times
