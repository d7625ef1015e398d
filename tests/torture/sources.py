# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the programs come from: GCC's c-torture execute tests and csmith, both from Debian packages, kept in the cache.

The cache is ${XDG_CACHE_HOME:-~/.cache}/pqemu; its directories named torture-* are this tool's. Each is made beside its
final name and renamed when it is whole, so several runs may share the cache. Nothing of the packages is part of PQEMU.
"""
import glob
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile

GCC_PACKAGE = "gcc-12-source"
EXECUTE = "gcc/testsuite/gcc.c-torture/execute"
CSMITH_PACKAGES = ("csmith", "libcsmith-dev")
MAX_OPTIONS = 32                # words a program may ask for on the compiler's command line
# What builtins.exp and ieee.exp there add to the command line.
BUILTINS_OPTIONS = ["-fno-tree-dse", "-fno-tree-loop-distribute-patterns", "-fno-tracer", "-fno-ipa-ra",
                    "-fno-inline-functions"]
IEEE_OPTIONS = ["-fno-inline"]
# { dg-options "WORDS" { TARGET } }, or the words in braces
DG_OPTIONS = re.compile(r"\{\s*dg-(?:additional-)?options\s+(?:\"([^\"]*)\"|\{\s*\"([^\"]*)\"\s*\})\s*(\{[^\n]*)?")


class Missing(Exception):
    """Something that cannot be had here: a package, a tool. The text says what."""


def cache_directory():
    path = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pqemu")
    os.makedirs(path, exist_ok=True)
    return path


def cached(name, make):
    """The cache's directory `name`; if it is not there, make(directory) fills a new one."""
    path = os.path.join(cache_directory(), name)
    if os.path.isdir(path):
        return path
    work = tempfile.mkdtemp(prefix="torture-tmp.", dir=cache_directory())
    try:
        os.chmod(work, 0o755)
        make(work)
        os.rename(work, path)
    except OSError:
        # Somebody else was faster.
        if not os.path.isdir(path):
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return path


def run(argv, **options):
    """Run a tool; Missing with the end of its output if it fails."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False,
                              **options)
    except FileNotFoundError:
        raise Missing("no program '%s'" % argv[0]) from None
    if done.returncode:
        raise Missing("%s failed: %s" % (argv[0], done.stdout[-300:].strip()))
    return done.stdout


def unpack_package(package, directory):
    """Download a Debian package of this machine's architecture and unpack it; needs no root rights."""
    with tempfile.TemporaryDirectory() as work:
        run(["apt-get", "-q", "download", package], cwd=work)
        for file in glob.glob(os.path.join(work, "*.deb")):
            run(["dpkg-deb", "-x", file, directory])


# ---- c-torture ----

def torture_directory():
    """The directory of the c-torture execute tests."""
    def make(directory):
        archives = glob.glob("/usr/src/gcc-12/gcc-*.tar.*")
        with tempfile.TemporaryDirectory() as work:
            if not archives:
                unpack_package(GCC_PACKAGE, work)
                archives = glob.glob(os.path.join(work, "usr/src/gcc-12/gcc-*.tar.*"))
            if not archives:
                raise Missing("the package %s has no archive of GCC" % GCC_PACKAGE)
            run(["tar", "-xf", archives[0], "-C", directory, "--strip-components=5", "--wildcards",
                 "*/" + EXECUTE + "/*"])

    return cached("torture-gcc-12", make)


class Program:
    """One test program: name, source files, options it needs beside a variant's."""

    def __init__(self, name, files, options):
        self.name, self.files, self.options = name, files, options


def wanted_options(text):
    """Words that a test's dg-options and dg-additional-options lines ask for on an ARM Linux target."""
    words = []
    for found in DG_OPTIONS.finditer(text):
        target = (found.group(3) or "").strip()
        # "{ dg-options X { target fpic } }": every other target named in these files is not ours.
        if target.startswith("{") and "fpic" not in target:
            continue
        words += shlex.split(found.group(1) or found.group(2) or "")
    # A test that says how to optimise means its own way of running it; here that is the variant's business.
    return [word for word in words if not re.fullmatch(r"-O\w*", word)][:MAX_OPTIONS]


def torture_programs():
    """All programs of c-torture, by name."""
    top = torture_directory()
    programs = []
    for path in sorted(glob.glob(top + "/*.c") + glob.glob(top + "/ieee/*.c") + glob.glob(top + "/builtins/*.c")):
        name = os.path.relpath(path, top)[:-2]
        files = [path]
        with open(path, encoding="utf-8", errors="replace") as file:
            options = wanted_options(file.read())
        if name.startswith("ieee/"):
            options = IEEE_OPTIONS + options
        elif name.startswith("builtins/"):
            if name.endswith("-lib"):
                continue
            files += [path[:-2] + "-lib.c", top + "/builtins/lib/main.c"]
            options = BUILTINS_OPTIONS + options
        if os.path.exists(path[:-2] + ".x"):
            with open(path[:-2] + ".x", encoding="utf-8", errors="replace") as file:
                # Tcl; lines that begin further to the right are for other targets.
                for words in re.findall(r"^(?:set|lappend) additional_flags (.*)$", file.read(), re.M):
                    options = options + shlex.split(words)
        programs.append(Program(name, files, options))
    if not programs:
        raise Missing("no programs in " + top)
    return programs


# ---- csmith ----

def csmith_directory():
    """A tree with usr/bin/csmith and usr/include/csmith."""
    if os.path.exists("/usr/bin/csmith") and os.path.exists("/usr/include/csmith/csmith.h"):
        return "/"

    def make(directory):
        for package in CSMITH_PACKAGES:
            unpack_package(package, directory)

    return cached("torture-csmith", make)


# Programs whose meaning is the same on 32 and 64 bits; half of them with floating point.
CSMITH_OPTIONS = ["--no-packed-struct", "--max-funcs", "6", "--max-block-depth", "4"]


def csmith_options(seed):
    return CSMITH_OPTIONS + (["--float"] if seed % 2 else [])


def csmith_program(seed):
    """The program of a seed, generated if the cache lacks it."""
    top = csmith_directory()
    recipe = hashlib.sha256(" ".join(CSMITH_OPTIONS).encode()).hexdigest()[:16]
    directory = os.path.join(cache_directory(), "torture-csmith-" + recipe)
    path = os.path.join(directory, "seed%d.c" % seed)
    if not os.path.exists(path):
        os.makedirs(directory, exist_ok=True)
        text = run([os.path.join(top, "usr/bin/csmith"), "--seed", str(seed), *csmith_options(seed)], timeout=60)
        with open(path + ".part%d" % os.getpid(), "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(file.name, path)
    return Program("seed%d" % seed, [path], ["-I", os.path.join(top, "usr/include/csmith")])
