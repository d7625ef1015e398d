# SPDX-License-Identifier: GPL-2.0-or-later
"""Suites of programs: reads *.ini (docs/benchmarks.md has the format for users)."""
import configparser
import os
import re

KEYS = {"command", "quick", "files", "time", "scale", "check", "native", "needs", "limit", "cpus"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*$")


class ManifestError(Exception):
    """The file and what is wrong with it."""


class Program:
    """One section of a manifest."""

    def __init__(self, suite, name, section, directory):
        get = section.get
        self.suite, self.name, self.directory = suite, name, directory
        self.command = get("command", "")
        self.quick = get("quick")
        self.files = get("files", "").split()
        self.time = re.compile(get("time"), re.M) if get("time") else None
        self.scale = float(get("scale", "1"))
        self.check = re.compile(get("check"), re.M) if get("check") else None
        self.native = section.getboolean("native", True)
        self.needs = get("needs", "").split()
        self.limit = int(get("limit", "300"))
        self.cpus = [int(word) for word in get("cpus", "").replace(",", " ").split()]
        unknown = set(section) - KEYS
        if unknown:
            raise ValueError("unknown key %s" % ", ".join(sorted(unknown)))
        if not self.command:
            raise ValueError("no command")
        if not NAME.match(name):
            raise ValueError("a name has letters, digits and _ . + - only")
        if self.time and self.time.groups != 1:
            raise ValueError("time needs one group, for the number")
        if not 1 <= self.limit <= 86400 or self.scale <= 0:
            raise ValueError("limit or scale out of range")
        for file in self.files:
            if os.path.isabs(file) or ".." in file.split("/"):
                raise ValueError("%s is not below the directory of the programs" % file)

    def line(self, quick):
        return self.quick if quick and self.quick else self.command

    def seconds(self, output, elapsed):
        """The figure of a run: from its output if the manifest says so, else the elapsed time. None: not found."""
        if not self.time:
            return elapsed
        found = self.time.findall(output)
        try:
            return float(found[-1]) * self.scale if found else None
        except ValueError:
            return None

    def verified(self, output):
        return self.check is None or self.check.search(output) is not None


def read(path, suite, directory):
    """The programs of a manifest. directory: where its files are."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",),
                                       inline_comment_prefixes=None, strict=True)
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        raise ManifestError("%s: %s" % (path, error)) from None
    programs = []
    for name in parser.sections():
        try:
            programs.append(Program(suite, name, parser[name], directory))
        except (ValueError, re.error) as error:
            raise ManifestError("%s: [%s]: %s" % (path, name, error)) from None
    if not programs:
        raise ManifestError("%s: no programs" % path)
    return programs
