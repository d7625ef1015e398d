#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Plugins see each block, instruction and access, in every mode; what they count; loading, leaving, mistakes."""
import glob
import os
import re
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))

from machine import M, QEMU, ROOT, SCALE, Cases, Files     # noqa: E402  (path set above)

import tempfile                 # noqa: E402

BUILD = os.environ.get("PQEMU_TEST_BUILD", os.path.dirname(QEMU))
HERE = os.path.dirname(os.path.abspath(__file__))
CROSS = "arm-linux-gnueabi-"
MODES = [("unified", "tcg,ccache=unified"), ("separate", "tcg,ccache=separate"), ("single", "tcg,thread=single"),
         ("interp", "tcg,backend=interp"), ("tier1", "tcg,tier=1"),
         ("small cache", "tcg,ccache=unified,tb-size=1"), ("one by one", "tcg,one-insn-per-tb=on"),
         ("counted", "tcg -icount shift=3"), ("counted, interp", "tcg,backend=interp -icount shift=3,sleep=off"),
         ("recorded", "tcg -icount shift=3,rr=record,rrfile=RR"),
         ("replayed", "tcg,ccache=separate -icount shift=3,rr=replay,rrfile=RR"),
         ("recorded side by side", "tcg,thread=multi -icount shift=3,rr=record,rrfile=RR")]

# What accesses.S does in a turn: load or store, offset in the CPU's memory, bytes, kind.
TURN = """
ld vfp_literal 4; ld vfp_literal 8; ld vfp_literal 4
ld 0 4; ld 5 1; ld 6 1 signed; ld 8 2; ld a 2 signed; st c 4; st 11 1; st 12 2; ld 24 4; ld 20 4; st 30 4; ld 10 4
ld 41 4; ld ffe 4; st 50 4; st 54 4; ld 50 4; ld 54 4; st 60 4; st 64 4; st 68 4; ld 60 4; ld 64 4; ld 68 4
st 7ff4 4; st 7ff8 4; st 7ffc 4; ld 7ff4 4; ld 7ff8 4; ld 7ffc 4; st 4 4
ld 80 4; st 80 4; ld 80 8; st 80 8; ld 80 1; st 80 1; ld 80 2; ld 90 4; st 90 4; ld 90 1; st 90 1
ld a0 8; ld a8 4; st b0 8; st b8 4; st 90 8; st 98 8; st a0 8; ld 98 4; ld 9c 4; ld a0 4; ld a4 4
st c0 4; ld 0 4; st 0 1; ld d0 4 be; st d4 2 be; ld 0 4 be; ld 4 4 be
ld literal 4; ld uart+18 4; st uart+30 1; ld next_literal 4
ld thumb_literal 4; st 74 4; st 7ff8 4; st 7ffc 4; ld 7ff8 4; ld 7ffc 4; ld 0 2 signed
"""
INSNS = 78                      # of a turn: between `begin` and `end`


class Image:
    def __init__(self, tmp):
        self.path = os.path.join(tmp, "accesses.elf")
        subprocess.run([CROSS + "gcc", "-nostdlib", "-static", "-Wl,-Ttext=0,--build-id=none,-n,-e,0",
                        "-Wa,-mno-warn-deprecated", "-o", self.path, os.path.join(HERE, "accesses.S")], check=True)
        names = subprocess.run([CROSS + "nm", self.path], check=True, stdout=subprocess.PIPE).stdout.decode()
        self.at = {line.split()[2]: int(line.split()[0], 16) for line in names.splitlines()}
        with open(self.path, "rb") as f:
            self.data = bytearray(f.read())
        # The first segment begins at address 0.
        headers = struct.unpack_from("<I", self.data, 28)[0]
        self.begin = struct.unpack_from("<I", self.data, headers + 4)[0]

    def write(self, turns, cpus):
        struct.pack_into("<II", self.data, self.begin + self.at["turns"], turns, cpus)
        with open(self.path, "wb") as f:
            f.write(self.data)

    def address(self, what, cpu):
        if what.startswith("uart+"):
            return 0x10009000 + int(what[5:], 16)
        if what in self.at:
            return self.at[what]
        return 0x100000 + 0x10000 * cpu + int(what, 16)

    def accesses(self, cpu, hwaddr):
        """The lines of a turn, as the plugin writes them."""
        for text in re.split("[;\n]", TURN.strip()):
            kind, what, *rest = text.split()
            at = self.address(what, cpu)
            line = "%s %x %s" % (kind, at, " ".join(rest))
            yield line + (" -> %x %s" % (at, "uart0 io" if "uart" in what else "RAM") if hwaddr else "")


def module(name):
    return os.path.join(BUILD, "tests/plugin/lib%s.so" % name)


def own(name):
    return os.path.join(BUILD, "contrib/plugins/lib%s.so" % name)


def run(arguments, timeout=60):
    return subprocess.run(M + ["-display", "none", "-monitor", "none", "-serial", "null"] + arguments,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout * SCALE)


def mode_words(accel, tmp):
    """A mode's arguments; a recording is in tmp."""
    return accel.replace("=RR", "=" + os.path.join(tmp, "rr")).split()


def run_image(image, accel, cpus, plugins, turns=3, more=()):
    image.write(turns, cpus)
    return run(["-semihosting", "-accel", *mode_words(accel, os.path.dirname(image.path)), "-smp", str(cpus), *more] +
               ["-kernel", image.path] + [x for p in plugins for x in ("-plugin", p)])


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def numbers(line):
    words = line.split()
    return {words[i]: int(words[i + 1]) for i in range(0, len(words) - 1, 1) if words[i + 1].isdigit()}


def parse(text):
    """What the probe wrote: sums, and of each CPU its counts and its accesses."""
    lines = text.splitlines()
    cpus = []
    for line in lines[3:]:
        if line.startswith("cpu "):
            cpus.append((numbers(line), []))
        else:
            cpus[-1][1].append(line)
    return lines[0], numbers(lines[1]), numbers(lines[2]), cpus


def first_difference(got, expected):
    for i, (a, b) in enumerate(zip(got, expected)):
        if a != b:
            return "access %d is '%s', should be '%s'" % (i, a, b)
    return "%d accesses, should be %d" % (len(got), len(expected)) if len(got) != len(expected) else None


def test_exact(cases, image, tmp, mode, cpus):
    name = "%s, %d CPUs" % (mode[0], cpus)
    out = os.path.join(tmp, "out")
    turns = 3
    probe = "%s,from=%#x,to=%#x,trace=on,hwaddr=on,out=%s" % (module("probe"), image.at["begin"], image.at["end"], out)
    end = run_image(image, mode[1], cpus, [probe], turns)
    if not cases.check(end.returncode == 0, name + ": the program ends", end.stdout):
        return
    why, sums, made, found = parse(read(out))
    insns = INSNS + (mode[0] == "one by one")       # halves of a BL
    loads = sum(1 for line in image.accesses(0, False) if line.startswith("ld")) * turns
    stores = sum(1 for line in image.accesses(0, False) if line.startswith("st")) * turns
    for cpu, (counts, trace) in enumerate(found):
        wrong = first_difference(trace, [line for _ in range(turns) for line in image.accesses(cpu, True)])
        cases.check(not wrong, "%s: CPU %d: each access, where and how" % (name, cpu), wrong)
        cases.check((counts["insns"], counts["loads"], counts["stores"]) == (insns * turns, loads, stores),
                    "%s: CPU %d: numbers of instructions, loads and stores" % (name, cpu), counts)
        cases.check(counts["begun"] == counts["ended"] == 1 and counts["idle"] - counts["resumed"] in (0, 1),
                    "%s: CPU %d: begins and ends, sleeps and wakes" % (name, cpu), counts)
    if cpus == 1:
        counts = found[0][0]
        cases.check(all(sums[what] == counts[what] for what in ("blocks", "insns", "loads", "stores")),
                    name + ": what is counted inline is the same", "%s, %s" % (sums, counts))
        cases.check(sums["block_insns"] >= sums["insns"] and made["translated"] > 0, name + ": blocks", sums)


def test_leave(cases, image, tmp, mode, cpus):
    name = "%s, %d CPUs" % (mode[0], cpus)
    out = os.path.join(tmp, "out")
    end = run_image(image, mode[1], cpus, ["%s,leave=1000,out=%s" % (module("probe"), out), own("insnmix") +
                                           ",out=%s" % os.path.join(tmp, "mix")], 10000)
    why, _, _, found = parse(read(out))
    cases.check(end.returncode == 0 and why == "left" and 1000 <= found[0][0]["insns"] < 10000 * INSNS,
                name + ": a plugin leaves while guest code runs", "%s %s" % (why, found))
    total = sum(int(n) for n in re.findall(r": (\d+) instructions", read(os.path.join(tmp, "mix"))))
    cases.check(total >= 10000 * INSNS, name + ": another stays", total)
    end = run_image(image, mode[1], cpus, ["%s,reset=1000,out=%s" % (module("probe"), out)], 10000)
    cases.check(end.returncode == 0 and "end\n" not in read(out),
                name + ": after a reset nothing of what it wanted is left but what it wants anew", end.stdout)


def mistake(cases, what, arguments, pattern):
    end = run(arguments)
    text = end.stdout.decode()
    cases.check(end.returncode == 1 and len(text.splitlines()) == 1 and re.search(pattern, text), what, text)


def test_mistakes(cases, tmp):
    text = os.path.join(tmp, "text.so")
    with open(text, "w", encoding="utf-8") as f:
        f.write("not a plugin\n")
    for what, arguments, pattern in (
            ("no such file", ["/nonexistent.so"], "-plugin /nonexistent.so: .*No such file"),
            ("no shared object", [text], "no plugin.*file too short|invalid ELF"),
            ("without version", [module("no-version")], "does not export qemu_plugin_version"),
            ("another version", [module("version")], "version 103 of the interface, this emulator has 0 to 3;"),
            ("without install", [module("no-install")], "does not export qemu_plugin_install"),
            ("a symbol that there is not", [module("symbol")], "undefined symbol: qemu_plugin_no_such_thing"),
            ("install fails", [module("probe") + ",refuse=3"], r"refuses \(qemu_plugin_install\(\) returned 3\)"),
            ("twice", [module("probe"), module("probe")], "loaded already"),
            ("no name", [",trace=on"], "-plugin"),
            ("without a file", ["trace=on"], "no file"),
            ("an empty file name", ["file="], "no file")):
        mistake(cases, "mistakes: " + what, [x for a in arguments for x in ("-plugin", a)], pattern)


def test_arguments(cases, image, tmp):
    out = os.path.join(tmp, "out")
    for form in ("file=%s,trace=on,out=%s", "%s,arg=trace,arg=out=%s", "out=%s,file=%s"):
        words = (out, module("probe")) if form.startswith("out") else (module("probe"), out)
        if os.path.exists(out):
            os.unlink(out)
        end = run_image(image, "tcg", 1, [form % words])
        cases.check(end.returncode == 0 and os.path.exists(out), "arguments: " + form, end.stdout)
    log = os.path.join(tmp, "log")
    run_image(image, "tcg", 1, [module("probe")], more=["-d", "plugin", "-D", log])
    cases.check(read(log).startswith("end\ninline blocks "), "-d plugin: what plugins say", read(log))
    end = run_image(image, "tcg", 1, [module("probe")])
    cases.check(end.stdout == b"", "and nothing of it without", end.stdout)


def test_own(cases, image, tmp):
    out = os.path.join(tmp, "out")
    counted = "%s,out=%s" % (module("probe"), os.path.join(tmp, "all"))
    end = run_image(image, "tcg", 1, [counted] + ["%s,out=%s.%s" % (own(n), out, n) for n in
                                                  ("hotblocks", "insnmix", "cachesim", "exectrace")])
    if not cases.check(end.returncode == 0, "our plugins, all at once", end.stdout):
        return
    _, sums, _, cpus = parse(read(os.path.join(tmp, "all")))
    insns = sums["insns"]
    mix = read(out + ".insnmix")
    cases.check(sum(int(n) for n in re.findall(r": (\d+) instructions", mix)) == insns and
                all(re.search(line, mix, re.M) for line in ("^ +6 .*  SWP$", "^ +3 .*  branch: BL, BLX$")),
                "insnmix counts every instruction", mix)
    hot = read(out + ".hotblocks")
    cases.check(int(re.search(r", (\d+) instructions", hot).group(1)) == sums["block_insns"] and
                re.search(r"^0x%08x +3 " % image.at["begin"], hot, re.M), "hotblocks: the loop's blocks", hot)
    cache = read(out + ".cachesim")
    data = re.search(r"CPU 0 data: (\d+) accesses, (\d+) misses", cache)
    # One access of each turn is in two lines.
    cases.check(int(data.group(1)) == cpus[0][0]["loads"] + cpus[0][0]["stores"] + 3 and 5 < int(data.group(2)) < 40,
                "cachesim: accesses and misses", cache)
    trace = read(out + ".exectrace").splitlines()
    steps = [line for line in trace if line[2] != " "]
    cases.check(len(steps) == insns and "0 %08x e59a0000  ldr r0, [sl]" % (image.at["begin"] + 12) in trace and
                "0   load 10009018 4 -> 10009018 uart0" in trace, "exectrace: instructions and accesses", trace[:10])
    for name in ("hotblocks", "insnmix", "cachesim", "exectrace"):
        end = run(["-plugin", own(name) + ",nonsense=1"])
        cases.check(end.returncode == 1 and b"unknown argument 'nonsense=1'; it takes" in end.stdout,
                    name + " names its arguments", end.stdout)


FUNCTIONS = {"start": 1 + 10 * 6 + 3, "doubled": 30, "in_thumb": 40, "open_end": 20, "-": 20}


def foreign(cases, tmp, source):
    """A plugin of others' making: (language, path) as C and as C++."""
    glib = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True, stdout=subprocess.PIPE).stdout.split()
    for language, compiler in (("c", "gcc"), ("c++", "g++")):
        plugin = os.path.join(tmp, "%s-%s.so" % (source, compiler))
        if not shutil.which(compiler):
            cases.skip("%s in %s" % (source, language), "there is no %s" % compiler)
            continue
        built = subprocess.run([compiler, "-x", language, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror",
                                "-I" + os.path.join(ROOT, "include/qemu"), *glib, "-o", plugin,
                                os.path.join(HERE, source)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               check=False)
        if cases.check(built.returncode == 0, "%s in %s compiles without warnings" % (source, language),
                       built.stdout.decode()):
            yield language, plugin


def functions_image(tmp):
    image = os.path.join(tmp, "functions.elf")
    subprocess.run([CROSS + "gcc", "-nostdlib", "-static", "-Wl,-Ttext=0,--build-id=none,-n,-e,start", "-o", image,
                    os.path.join(HERE, "functions.S")], check=True)
    return image


def output(tmp, accel, image, plugin, *more):
    return subprocess.run([*M, "-display", "none", "-serial", "null", "-monitor", "none", "-semihosting", "-accel",
                           *mode_words(accel, tmp), "-kernel", image, "-plugin", plugin, *more],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60 * SCALE,
                          check=False).stdout.decode()


def test_functions(cases, tmp):
    """Names of functions."""
    image = functions_image(tmp)
    for language, plugin in foreign(cases, tmp, "functions.c"):
        for mode, accel in MODES:
            said = output(tmp, accel, image, plugin)
            got = dict(line.split() for line in said.splitlines())
            cases.check({name: int(n) for name, n in got.items()} == FUNCTIONS,
                        "names of functions, a plugin in %s, %s" % (language, mode), said)


FACTS = """data passed
cpus %(cpus)d %(cpus)d at_install %(cpus)d %(cpus)d each %(cpus)d %(sum)d
insns 1 in_memory 1 same_bytes 1 disassembled 1 beyond 0
program none 0 0 0 syscalls 0
parse 1 1 0 0 values 1 0 1
"""


def test_facts(cases, tmp):
    """What is not about counting."""
    image = functions_image(tmp)
    for language, plugin in foreign(cases, tmp, "facts.c"):
        for cpus in (1, 3):
            for mode, accel in MODES:
                said = output(tmp, accel, image, plugin, "-smp", str(cpus))
                cases.check(said == FACTS % {"cpus": cpus, "sum": cpus * (cpus - 1) // 2},
                            "facts, a plugin in %s, %s, %d CPUs" % (language, mode, cpus), said)


def test_header(cases, tmp):
    """The header alone: without GLib, and within extern "C"."""
    text = "QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;\n" \
           "const void *bytes(const struct qemu_plugin_insn *i) { return qemu_plugin_insn_data(i); }\n"
    include = "#include <qemu-plugin.h>\n"
    glib = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True, stdout=subprocess.PIPE).stdout
    for what, compiler, language, source, more in (
            ("without GLib", "gcc", "c", include + text, []),
            ("within extern C", "g++", "c++", "extern \"C\" {\n" + include + "}\n" + text, glib.decode().split()),
            ("of version 1", "gcc", "c", include + text, ["-DQEMU_PLUGIN_VERSION=1"]),
            ("of version 2", "g++", "c++", include + text, ["-DQEMU_PLUGIN_VERSION=2"])):
        if not shutil.which(compiler):
            cases.skip("the header " + what, "there is no " + compiler)
            continue
        built = subprocess.run([compiler, "-x", language, "-shared", "-fPIC", "-Wall", "-Werror", *more,
                                "-I" + os.path.join(ROOT, "include/qemu"), "-o", os.path.join(tmp, "header.so"), "-"],
                               input=source.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        end = run(["-plugin", os.path.join(tmp, "header.so")]) if built.returncode == 0 else built
        cases.check(built.returncode == 0 and b"does not export qemu_plugin_install" in end.stdout,
                    "the header " + what, end.stdout)


OLD_DATA = """#include <qemu-plugin.h>
#include <stdio.h>
QEMU_PLUGIN_EXPORT int qemu_plugin_version = %s;
static unsigned wrong;
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        wrong += *(const unsigned char *)qemu_plugin_insn_data(insn) !=
                 *(const unsigned char *)qemu_plugin_insn_haddr(insn);
    }
}
static void end(qemu_plugin_id_t id, void *data) { printf("wrong %%u\\n", wrong); fflush(stdout); }
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, end, NULL);
    return 0;
}
"""


def test_old_data(cases, tmp):
    """qemu_plugin_insn_data() of the versions before 3 has one argument, and is the same symbol."""
    image, plugin = functions_image(tmp), os.path.join(tmp, "old-data.so")
    for version in (0, 1, 2):
        subprocess.run(["gcc", "-x", "c", "-shared", "-fPIC", "-DQEMU_PLUGIN_VERSION=%d" % max(version, 1),
                        "-I" + os.path.join(ROOT, "include/qemu"), "-o", plugin, "-"], check=True,
                       input=(OLD_DATA % version).encode())
        said = output(tmp, "tcg", image, plugin)
        cases.check(said == "wrong 0\n", "an instruction's bytes for a plugin of version %d" % version, said)


SCORES_END = """r4 %d zero %d of %d registers 34 others 1
outside -1 d0 1 beyond 0 time 0
"""


def test_scores(cases, image, tmp):
    """Versions 2 and 3: scoreboards, conditions, registers."""
    functions = functions_image(tmp)
    for language, plugin in foreign(cases, tmp, "scores.c"):
        for mode, accel in MODES:
            said = output(tmp, accel, functions, plugin)
            cases.check(said.endswith("never 0\n" + SCORES_END % (55, 1, 10)) and "pc_wrong 0\n" in said,
                        "registers, a plugin in %s, %s" % (language, mode), said)
        for cpus in (1, 4) if language == "c" else ():
            for mode, accel in MODES:
                end = run_image(image, accel, cpus, ["%s,from=%#x,to=%#x" % (plugin, image.at["begin"],
                                                                            image.at["end"])], 5)
                insns = 5 * (INSNS + (mode == "one by one"))
                loads = 5 * sum(1 for line in image.accesses(0, False) if line.startswith("ld"))
                stores = 5 * sum(1 for line in image.accesses(0, False) if line.startswith("st"))
                lines = ["cpu %d insns %d loads %d stores %d tens %d left %d calls 1 1 pc_wrong 0" %
                         (cpu, insns, loads, stores, insns // 10, insns % 10) for cpu in range(cpus)]
                cases.check(end.returncode == 0 and end.stdout.decode().splitlines()[:cpus + 1] ==
                            [*lines, "all %d blocks 1 never 0" % (cpus * insns)],
                            "scoreboards and conditions, %s, %d CPUs" % (mode, cpus), end.stdout.decode())


def test_exports(cases):
    names = subprocess.run(["nm", "-D", "--defined-only", QEMU], check=True, stdout=subprocess.PIPE).stdout.decode()
    # A build with a sanitizer tells its library how to behave, too (util/sanitizers.c, util/tsan-glib.c).
    exported = {line.split()[-1] for line in names.splitlines()} - {"__asan_default_options",
                                                                    "__tsan_default_suppressions"}
    others = [name for name in exported if not name.startswith("qemu_plugin_")]
    header = read(os.path.join(ROOT, "include/qemu/qemu-plugin.h"))
    macros = set(re.findall(r"#define (qemu_plugin_scoreboard_u64\w*)\(", header))
    declared = set(re.findall(r"\b(qemu_plugin_\w+)\(", header)) - macros
    # What the form of one argument is called is seen in the header alone.
    declared |= {"qemu_plugin_insn_text"}
    cases.check(exported == declared - {"qemu_plugin_install"} and not others,
                "the program exports what the header declares, and nothing else", others)
    sources = [os.path.join(HERE, name) for name in ("probe.c", "functions.c", "facts.c", "scores.c")]
    used = set(re.findall(r"\b(qemu_plugin_\w+)\(", "".join(read(path) for path in sources)))
    for path in glob.glob(os.path.join(ROOT, "contrib/plugins/*.c")):
        used |= set(re.findall(r"\b(qemu_plugin_\w+)\(", read(path)))
    used |= {"qemu_plugin_insn_text"} if "qemu_plugin_insn_data(insn)" in read(sources[2]) else set()
    cases.check(declared <= used, "a plugin that is tested calls each function of the header", declared - used)


def main():
    cases = Cases()
    if not os.path.exists(module("probe")):
        cases.skip("plugins", "built without them")
        return cases.done()
    with tempfile.TemporaryDirectory() as tmp:
        test_mistakes(cases, tmp)
        test_exports(cases)
        if not shutil.which(CROSS + "gcc"):
            cases.skip("programs", "no %sgcc" % CROSS)
            return cases.done()
        test_header(cases, tmp)
        test_old_data(cases, tmp)
        test_functions(cases, tmp)
        test_facts(cases, tmp)
        image = Image(tmp)
        for cpus in (1, 2, 4):
            for mode in MODES:
                test_exact(cases, image, tmp, mode, cpus)
        test_scores(cases, image, tmp)
        for mode in MODES[:4]:
            for cpus in (1, 4):
                test_leave(cases, image, tmp, mode, cpus)
        test_arguments(cases, image, tmp)
        test_own(cases, image, tmp)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
