# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that writes to its disk and is killed at random moments, for tests."""
import os
import random
import re
import shutil
import signal
import time

from moving import Control
from vm import VM

EVERY = 20                      # kills until it boots again, from what a kill has left on the disk


class Writer:
    """It boots, gets to work, and is saved together with its disk; then each round goes on from there, with the disk as
    it was then.

    prepare(vm): to where a line that is typed writes for ever and prints "flushed-N-" behind each flush, N counting up
    from the first number; loop: that line, with %d for the number before it, which no boot has twice.
    """

    def __init__(self, directory, image, options, prepare, loop):
        self.image, self.options, self.prepare, self.loop = image, options, prepare, loop
        self.saved, self.state = os.path.join(directory, "killed.disk"), os.path.join(directory, "killed.state")
        self.qmp = os.path.join(directory, "killed.qmp")
        self.rounds = 0

    def _machine(self, *more):
        return VM(dtb="builtin", args=(*self.options, *more), slow=3)

    def _boot(self):
        if os.path.exists(self.qmp):
            os.remove(self.qmp)
        with self._machine("-qmp", "unix:%s,server=on,wait=off" % self.qmp) as vm:
            control = Control(self.qmp, 60 * vm.scale)
            self.prepare(vm)
            vm.send(self.loop % (1000 * self.rounds) + "\n")
            vm.expect(r"flushed-\d+-", 120)
            control.order("migrate", uri="file:" + self.state)
            control.migrated(120 * vm.scale)
        shutil.copy(self.image, self.saved)

    def kill(self):
        """One round: the number of the last flush that the guest has told of."""
        if self.rounds % EVERY == 0:
            self._boot()
        else:
            shutil.copy(self.saved, self.image)
        self.rounds += 1
        with self._machine("-incoming", "file:" + self.state) as vm:
            for _ in range(random.randrange(1, 8)):
                vm.expect(r"flushed-\d+-", 120)
            time.sleep(random.random() * 0.05)
            vm.process.send_signal(signal.SIGKILL)
            vm.wait_exit()
            return int(re.findall(r"flushed-(\d+)-", vm.text())[-1])
