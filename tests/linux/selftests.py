# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own tests: which module is which test, and what it says when it is content. Used by judge.py.

The kernel is that of `scripts/guest/build kernel-selftest`; its modules lie in the guest under /modules. A module is
inserted, what the kernel logs from then on is read with `dmesg -c`, and the module is removed again.
"""
import re

from vm import TROUBLE, Failure

# One line of the KUnit framework per test; four or more blanks before it, for those without any sum up several.
KUNIT_CASE = re.compile(r"^\[[ 0-9.]+\] {5,}(not )?ok \d+ -? ?(\S.*)$", re.M)
# What the library tests say when something is wrong, and harmless lines that look like it.
COMPLAINT = re.compile(r"\bfail|\berror\b|\bFAIL|\bmismatch|\bexpected\b", re.I)
HARMLESS = re.compile(r"\b0 (self tests )?failed\b|failed: 0\b|, 0 fail|fail[:=]0\b|# .*(expect|fail)|\b0 FAILED\b"
                      r"|\bPASS$", re.I)
# Lockdep's reports begin with WARNING, which TROUBLE knows; these do not.
LOCKDEP = re.compile(r"INFO: trying to register non-static key|INFO: lockdep is turned off|possible .* deadlock"
                     r"|possible recursive locking|suspicious RCU usage|inconsistent lock state|INFO: task .* blocked"
                     r"|BUG: MAX_LOCK|workqueue lockup|sleeping function called")


# Cases that fail on any machine, and why.
KNOWN = {
    "overflow_allocation_test": "registers a device of its module before the module is in sysfs",
}


class Module:
    """A test module: says is a pattern its log must match, None: no complaint is enough. args are its parameters.

    stays: insmod succeeds; otherwise the module does its work and refuses to stay. A module whose log is KUnit's
    counts as many cases as it reports. quick: also in short runs and slow designs. prepare: a command for before.
    provokes: a pattern of complaints that belong to the test. known: cases of KUnit that cannot succeed, see KNOWN.
    """

    def __init__(self, file, says=None, args="", stays=True, kunit=False, quick=False, seconds=60, prepare=None,
                 provokes=None, known=()):
        self.file, self.says, self.args, self.stays, self.kunit = file, says, args, stays, kunit
        self.quick, self.seconds, self.prepare, self.provokes = quick, seconds, prepare, provokes
        self.known = known


ALL_PASSED = r"(?:all|remaining) \d+ tests passed"
N_OF_N = r"(\d+) of \1 tests passed"

MODULES = (
    # Atomicity, order, code that changes
    Module("atomic64_test", r"passed", quick=True),
    Module("test_static_key_base", quick=True),
    Module("test_static_keys", quick=True),
    Module("test_kprobes", kunit=True, quick=True, prepare="echo 1 > /proc/sys/debug/kprobes-optimization"),
    # Interpreted: programs that this kernel's compiler for ARM does not take are failures to it, and leak memory.
    Module("test_bpf", r"test_bpf: Summary: \d+ PASSED, 0 FAILED", seconds=300),
    Module("percpu_test", r"percpu test done", stays=False, quick=True),
    # All but the test with alignments beyond what there is of addresses.
    Module("test_vmalloc", r"Summary: .* passed: \d+ failed: 0",
           "test_repeat_count=1 test_loop_count=20 run_test_mask=959", stays=False, seconds=180),
    Module("test_user_copy", r"tests passed", seconds=180),
    Module("test_module", r"Hello, world", quick=True),
    # Library functions
    Module("crc32test", r"crc32_combine: \d+ self tests passed", quick=True),
    Module("globtest", r"self-tests passed, 0 failed", quick=True),
    Module("interval_tree_test", None, "perf_loops=1000 search_loops=100", stays=False),
    Module("rbtree_test", None, "perf_loops=1000 check_loops=20", stays=False),
    Module("test-kstrtox", stays=False, quick=True),
    Module("test-string_helpers", stays=False),
    Module("test_bitmap", ALL_PASSED),
    Module("test_bitops", r"Completed bitops test", quick=True),
    Module("test_div64", r"Completed 64bit/32bit division and modulo test", quick=True),
    Module("test_hexdump", ALL_PASSED, stays=True, quick=True),
    Module("test_ida", N_OF_N, stays=False, seconds=120, provokes=r"WARNING: .* at lib/idr\.c"),
    Module("test_memcat_p", r"test passed", quick=True),
    Module("test_min_heap", r"test passed", quick=True),
    Module("test_printf", ALL_PASSED, quick=True),
    Module("test_rhashtable", r"Started \d+ threads, 0 failed, rhltable test returns 0", "tcount=4", seconds=300),
    Module("test_scanf", ALL_PASSED, seconds=120),
    Module("test_siphash", r"self-tests: pass", quick=True),
    Module("test_string", r"String selftests succeeded", quick=True),
    Module("test_strscpy", ALL_PASSED, quick=True),
    Module("test_uuid", ALL_PASSED, quick=True),
    Module("test_xarray", N_OF_N, seconds=300),
    # KUnit
    Module("bitfield_kunit", kunit=True),
    Module("cmdline_kunit", kunit=True),
    Module("cpumask_kunit", kunit=True),
    Module("is_signed_type_kunit", kunit=True),
    Module("list-test", kunit=True, quick=True),
    Module("memcpy_kunit", kunit=True, seconds=180),
    Module("overflow_kunit", kunit=True, known=("overflow_allocation_test",)),
    Module("resource_kunit", kunit=True),
    Module("sysctl-test", kunit=True),
    Module("test_bits", kunit=True, quick=True),
    Module("test_hash", kunit=True),
    Module("test_linear_ranges", kunit=True),
    Module("test_list_sort", kunit=True, quick=True),
    Module("test_sort", kunit=True, quick=True),
    Module("time_test", kunit=True, seconds=300),
)
# Ciphers and hashes in ARM assembly; the crypto manager tests what they register.
CIPHERS = ("aes-arm", "sha1-arm", "sha256-arm", "sha512-arm", "chacha-neon", "poly1305-arm")

# Every instruction form with a probe on it, in a dozen states each: ten thousands of changes of kernel text, for each
# of which all CPUs stop. So one CPU has to do. Optimised probes would be removed at the pace of RCU for tasks.
PROBES = Module("test-kprobes", r"Finished kprobe tests OK", seconds=300,
                prepare="echo 0 > /proc/sys/debug/kprobes-optimization",
                # The kernel expects the cases of ARMv7 in its tables on ARMv6, too.
                provokes=r"FAIL: .* test coverage|FAIL: Test coverage")

# The last of all: it holds more locks at once than the lock checker can count, which ends the checker's work.
WW_MUTEX = Module("test-ww_mutex", r"All ww mutex selftests passed", seconds=120,
                  provokes=r"WARNING: .* at kernel/locking/lockdep\.c")


class Torture:
    """A torture test: it works until its module is removed, then says whether it was content."""

    def __init__(self, module, kind="", args="", quick=False):
        self.module, self.kind, self.args, self.quick = module, kind, args, quick

    @property
    def name(self):
        return self.module + (" " + self.kind if self.kind else "")


# CPUs are taken away and given back meanwhile; the numbers are in the modules' own units (seconds, jiffies).
LOCKS = "nwriters_stress=6 stat_interval=5 onoff_interval=3 onoff_holdoff=2 shuffle_interval=1 stutter=3"
RCU = "stat_interval=5 onoff_interval=300 onoff_holdoff=2 shuffle_interval=1 stutter=3 test_boost=0 fwd_progress=0"
TORTURES = (
    Torture("locktorture", "spin_lock", LOCKS, quick=True),
    Torture("locktorture", "spin_lock_irq", LOCKS),
    Torture("locktorture", "rw_lock", LOCKS),
    Torture("locktorture", "rw_lock_irq", LOCKS),
    Torture("locktorture", "mutex_lock", LOCKS, quick=True),
    Torture("locktorture", "ww_mutex_lock", LOCKS),
    Torture("locktorture", "rtmutex_lock", LOCKS),
    Torture("locktorture", "rwsem_lock", LOCKS, quick=True),
    Torture("locktorture", "percpu_rwsem_lock", LOCKS),
    Torture("rcutorture", "rcu", RCU, quick=True),
    Torture("rcutorture", "srcu", RCU),
    Torture("rcutorture", "srcud", RCU),
    Torture("scftorture", "", "stat_interval=5 onoff_interval=3 onoff_holdoff=2 stutter=3", quick=True),
)
# The kernel gives a CPU that it switches on a second to come, then cleans up behind it while it comes. So a host that
# does not run a CPU's thread for a second makes any emulator's guest lose its mind, up to a panic.
LATE = re.compile(r"CPU\d+: failed to (?:boot|come online).*")


class LateCPU(Exception):
    """What the kernel said about a CPU that did not come in time."""


class Kernel:
    """A guest that runs this kernel and shows its shell: inserts and removes modules, reads the log."""

    def __init__(self, vm, depends):
        self.vm, self.depends = vm, depends
        self.loaded = []
        # The log would get in between what the shell says; what is this bad still comes through.
        vm.shell("dmesg -n 1")

    def expedite(self, on):
        """Whether waiting for RCU interrupts all CPUs instead of taking its time: tests of probes wait all the time."""
        self.vm.shell("echo %d > /sys/kernel/rcu_expedited" % on)

    def log(self):
        """What the kernel said since the last time."""
        text = self.vm.shell("dmesg -c", 120)[1]
        return "\n".join(line for line in text.splitlines() if re.match(r"\[ *\d+\.\d+\]", line))

    def insert(self, file, args="", seconds=60, before=()):
        """Insert a module and before it what it depends on; returns the exit status of its insmod."""
        for other in [*before, *self.depends.get(file.replace("-", "_"), ())]:
            if other not in self.loaded:
                status, text = self.vm.shell("insmod /modules/%s.ko" % other)
                if status:
                    raise Failure("insmod %s: %s" % (other, text[-300:]))
                self.loaded.append(other)
        return self.vm.shell(("insmod /modules/%s.ko %s" % (file, args)).strip(), seconds)[0]

    def remove(self, file, seconds=60):
        status, text = self.vm.shell("rmmod " + file.replace("-", "_"), seconds)
        if status:
            raise Failure("rmmod %s: %s" % (file, text[-300:]))


def complaints(log, also=COMPLAINT):
    """Lines in which the kernel, or with COMPLAINT one of its tests, says that something is wrong; not the stack traces
    behind them."""
    return [line for line in log.splitlines() if not line.rstrip().endswith("Backtrace:")
            and (TROUBLE.search(line) or LOCKDEP.search(line)
                 or (also and also.search(line) and not HARMLESS.search(line)))]


def boot_log(cases, name, log, vm):
    """The tests that ran while the kernel booted."""
    found = re.search(r"Good, all (\d+) testcases passed", log)
    cases.report("%s: locking API: %s testcases" % (name, found.group(1) if found else "no"),
                 None if found else "no verdict: " + "\n".join(re.findall(r".*testcases.*|.*unexpected.*", log)), vm)
    traced = re.findall(r"Testing (.*?): ?.*?(PASSED|FAILED!*)", log)
    bad = [what for what, verdict in traced if verdict != "PASSED"]
    cases.report("%s: %d tests of tracing, which patches the kernel" % (name, len(traced)),
                 None if traced and not bad else "failed: %s" % (", ".join(bad) or "there is none"), vm)
    bad = complaints(log, None)
    cases.report(name + ": the log of the boot is clean", "\n".join(bad[:5]) or None, vm)


def run_module(cases, name, kernel, module):
    """Insert and remove one module; one case, or those of KUnit and one."""
    label = "%s: %s" % (name, module.file)
    kernel.log()
    if module.prepare:
        kernel.vm.shell(module.prepare)
    # KUnit's own module finds the tests of those that come after it.
    status = kernel.insert(module.file, module.args, module.seconds, ("kunit",) if module.kunit else ())
    log = kernel.log()
    if status == 0:
        kernel.remove(module.file)
        log += "\n" + kernel.log()
    problems = []
    if module.stays and status:
        problems.append("insmod ended with status %d" % status)
    verdict = re.search(module.says, log) if module.says else None
    if verdict:
        label += ": " + verdict.group(0)
    elif module.says:
        problems.append("it does not say %r" % module.says)
    if module.kunit:
        reported = KUNIT_CASE.findall(log)
        for failed, what in reported:
            if failed and what in module.known:
                cases.skip("%s: %s" % (label, what), KNOWN[what])
                continue
            said = "\n".join(re.findall(r"^.*(?:EXPECTATION|ASSERTION) FAILED.*", log, re.M))
            cases.report("%s: %s" % (label, what), (said or "failed") if failed else None)
        if not reported:
            problems.append("no case reported")
    problems += [line for line in complaints(log, None if module.kunit else COMPLAINT)
                 if not (module.provokes and re.search(module.provokes, line))]
    cases.report(label, "\n".join([*problems[:5], "log:", *log.splitlines()[-25:]]) if problems else None)


def late_cpu(text):
    """Raises LateCPU if the kernel says there was one."""
    found = LATE.search(text)
    if found:
        raise LateCPU(found.group(0))


def run_torture(cases, name, kernel, torture, seconds):
    """Let one torture test work for so many seconds of the guest. Raises LateCPU."""
    kernel.log()
    kind = "torture_type=%s " % torture.kind if torture.kind else ""
    status = kernel.insert(torture.module, kind + torture.args)
    if status == 0:
        kernel.vm.shell("sleep %d" % seconds, seconds + 120)
        kernel.remove(torture.module, 180)
    # Their common module counts CPUs from its insertion on; some may have been left switched off.
    kernel.remove("torture")
    kernel.loaded.remove("torture")
    kernel.vm.shell("for f in /sys/devices/system/cpu/cpu*/online; do echo 1 > $f; done", 60)
    # The line that repeats the parameters speaks of stalls.
    log = "\n".join(line for line in kernel.log().splitlines() if "--- Start of test" not in line)
    late_cpu(log)
    found = re.search(r"End of test: (\S+?):?( .*)?$", log, re.M)
    problems = [line for line in complaints(log, None) if "--- End of test" not in line]
    if status:
        problems.append("insmod ended with status %d" % status)
    if not found or found.group(1) != "SUCCESS":
        problems.append("verdict: " + (found.group(0) if found else "none"))
    done = re.findall(r"(?:Writes|Reads):  Total: (\d+)", log)
    if torture.module == "locktorture" and not any(int(n) for n in done):
        problems.append("nobody ever had the lock")
    cases.report("%s: %s, %d s" % (name, torture.name, seconds),
                 "\n".join([*problems[:5], "log:", *log.splitlines()[-25:]]) if problems else None)


def crypto(cases, name, kernel):
    """What the crypto manager finds out about every algorithm."""
    kernel.log()
    for file in CIPHERS:
        if kernel.insert(file):
            cases.report("%s: crypto: %s" % (name, file), "it cannot be inserted: " + kernel.log()[-500:])
    # The tests run in the background.
    for _ in range(30):
        _, text = kernel.vm.shell("cat /proc/crypto")
        entries = re.findall(r"^name +: (\S+)\ndriver +: (\S+)\n(?:.+\n)*?selftest +: (\S+)", text, re.M)
        if all(entry[2] == "passed" for entry in entries):
            break
        kernel.vm.shell("sleep 1")
    for file in CIPHERS:
        kernel.remove(file)
    bad = ["%s (%s): %s" % entry for entry in entries if entry[2] != "passed"]
    bad += complaints(kernel.log())
    arm = [driver for _, driver, _ in entries if re.search(r"-(arm|asm)", driver)]
    cases.report("%s: crypto: %d algorithms, %d in ARM assembly" % (name, len(entries), len(arm)),
                 None if arm and not bad else "not passed: %s" % ("\n".join(bad[:10]) or "there is none"))
