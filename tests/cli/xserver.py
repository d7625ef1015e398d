# SPDX-License-Identifier: GPL-2.0-or-later
"""An X server without a screen (Xvfb) and a user in front of it (xdotool), for tests of the window."""
import ctypes
import os
import subprocess

from display_machine import LIMIT, until

NO_X = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}


class Server:
    """An X server; size: of its screen, in points."""

    def __init__(self, size="1024x768"):
        read, write = os.pipe()
        # -noreset: a server that resets itself when its last client goes refuses one that comes just then.
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", size + "x24", "-nolisten",
                                         "tcp", "-noreset"], pass_fds=[write], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as file:
            self.name = ":" + file.readline().strip()
        self.env = dict(NO_X, DISPLAY=self.name, SDL_RENDER_DRIVER="software")

    def do(self, *arguments):
        return subprocess.run(["xdotool", *arguments], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False, timeout=LIMIT).stdout.decode().split()

    def window(self):
        found = until(lambda: self.do("search", "--onlyvisible", "--name", "PQEMU"), bool)
        assert found, "no window"
        return found[0]

    def ask_to_close(self, window):
        """What a window manager sends when somebody clicks at the cross."""
        class Message(ctypes.Structure):
            _fields_ = [("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
                        ("display", ctypes.c_void_p), ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong),
                        ("format", ctypes.c_int), ("data", ctypes.c_long * 5), ("room", ctypes.c_long * 24)]
        x = ctypes.CDLL("libX11.so.6")
        x.XOpenDisplay.restype = ctypes.c_void_p
        x.XInternAtom.restype = ctypes.c_ulong
        display = ctypes.c_void_p(x.XOpenDisplay(self.name.encode()))
        message = Message(type=33, window=int(window), format=32,
                          message_type=x.XInternAtom(display, b"WM_PROTOCOLS", 0))
        message.data[0] = x.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
        x.XSendEvent(display, ctypes.c_ulong(int(window)), 0, ctypes.c_long(0), ctypes.byref(message))
        x.XCloseDisplay(display)

    def picture(self, window):
        """(width, height, pixels) of the window."""
        data = subprocess.run(["import", "-window", window, "-depth", "8", "ppm:-"], env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=LIMIT).stdout
        try:
            _, size, _, pixels = data.split(b"\n", 3)
        except ValueError:
            return (0, 0, [])
        width, height = map(int, size.split())
        return width, height, [int.from_bytes(pixels[i:i + 3], "big") for i in range(0, 3 * width * height, 3)]

    def end(self):
        self.process.terminate()
        self.process.wait()
