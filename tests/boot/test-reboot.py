#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""Without -no-reboot a guest's reboot starts it again, from a clean state, as often as it likes."""
from vm import VM, Cases, designs, is_upstream


def main():
    cases = Cases()
    for name, (accel, slow) in designs().items():
        if name == "interp":
            continue
        title = name + ": three reboots in one run"
        if is_upstream():
            cases.skip(title, "upstream has no reset register")
            continue
        with VM(accel=accel, reboot=True, slow=slow) as vm, cases.case(title, vm):
            reboots = 0
            while True:
                reboots += vm.has_cpus(vm.wait_shell(), 4)
                if reboots > 3:
                    break
                vm.send("reboot -f\n")
                vm.expect(r"Restarting system")
            vm.check_log()
    cases.finish()


if __name__ == "__main__":
    main()
