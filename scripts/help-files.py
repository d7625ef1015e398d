#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes what is installed beside the emulator out of its own -help and of docs/usage.md:

    help-files.py man PROGRAM USAGE.md      a manual page, as Markdown for lowdown(1)
    help-files.py bash|zsh PROGRAM          completion for a shell

The build calls it (meson.build); the result goes to standard output."""
import re
import subprocess
import sys

MISSING = "Options of QEMU that there are not"
NAME = "qemu-system-arm"
COLUMN = 31                     # of the texts in -help


class Option:
    """A row of -help."""

    def __init__(self, name, argument, text):
        self.name, self.argument, self.text = name, argument, text

    def words(self):
        """The words that its argument may be; "help" if it has a list of its own."""
        words = []
        if self.argument and re.fullmatch(r"[a-z0-9:-]+(\|[a-z0-9:-]+)*", self.argument):
            words = self.argument.split("|")
        elif self.argument:
            words = [word for word in self.argument.split("|")[1:] if re.fullmatch("[a-z]+", word)]
        return words + ["help"] * ("-%s help" % self.name in self.text)

    def takes(self):
        """f: the argument is a file, d: a directory, else nothing that a shell can know."""
        if self.argument and re.match(r"FILE($|\||\[)", self.argument):
            return "f"
        return "d" if self.argument == "DIRECTORY" else ""


def output(program, *arguments):
    return subprocess.run([program, *arguments], stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout


def groups(program):
    """[(heading, [Option])] of -help, without those that there are not."""
    found = []
    for line in output(program, "-help").splitlines():
        heading = re.match(r"([A-Z][\w, ]+):$", line)
        left, text = (line[:COLUMN], line[COLUMN:]) if line[COLUMN - 1:COLUMN] == " " else (line, "")
        row = re.match(r"-([\w-]+)(?: (\S+))?\s*$", left)
        if heading:
            found.append((heading.group(1), []))
        elif row and found:
            found[-1][1].append(Option(row.group(1), row.group(2), text.strip()))
        elif line.startswith(" " * COLUMN) and found and found[-1][1]:
            option = found[-1][1][-1]
            option.text = (option.text + " " + line.strip()).strip()
    return [(heading, options) for heading, options in found if heading != MISSING and options]


def names_of(program, option):
    """What "-M help" and the like list."""
    return re.findall(r"^ {0,2}([a-z][\w-]*) {2,}\S", output(program, option, "help").split("\n\n")[0], re.M)


# ---- man page ----

def man(program, usage):
    version = output(program, "-version").splitlines()[0]
    with open(usage, encoding="utf-8") as file:
        body = file.read()
    print("title: %s\nsection: 1\nsource: %s\nvolume: PQEMU\n" % (NAME, version.replace(" emulator version", "")))
    print("# NAME\n\n%s - full-system emulator of ARM multi-core machines\n" % NAME)
    print("# SYNOPSIS\n\n**%s** [*options*]\n" % NAME)
    print("# OPTIONS\n\nOptions may be written with one dash or two. QEMU's other options are known and refused with a "
          "line that says what to use instead (`-help missing`).\n")
    for heading, options in groups(program):
        print("## %s\n" % heading)
        for option in options:
            print("`-%s%s`\n: %s\n" % (option.name, " " + option.argument if option.argument else "", option.text))
    body = re.sub(r"<!--.*?-->\n", "", body, flags=re.S)
    body = re.sub(r"^# .*\n", "# DESCRIPTION\n", body, count=1)
    body = re.sub(r"^## (.*)$", lambda m: "# " + m.group(1).upper(), body, flags=re.M)
    print(re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", body))        # the other documents are not installed
    print("# SEE ALSO\n\nqemu-img(1), gdb-multiarch(1), and the documents in docs/ of the source\n")


# ---- completion ----

def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def words_of(program, option):
    words = option.words()
    if option.name in ("M", "machine", "cpu", "d"):
        words = names_of(program, "-" + option.name) + words + ["help"]
    return list(dict.fromkeys(words))


def bash(program):
    options = [option for _, rows in groups(program) for option in rows]
    print("# bash completion of %s; made from its -help\n_qemu_system_arm()\n{" % NAME)
    print("    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} files= words= IFS=$' \\t\\n'")
    print("    case ${prev/#--/-} in")
    for option in options:
        words, takes = words_of(program, option), option.takes()
        if option.argument and not option.argument.startswith("[TOPIC"):
            print("    -%s) words=%s files=%s ;;" % (option.name, quote(" ".join(words)), takes or "-"))
    print("    esac\n    if [ -z \"$files\" ]; then")
    print("        words=%s" % quote(" ".join("-" + option.name for option in options)))
    print("    fi")
    print('    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"')
    print('        case $files in [fd]) compgen -"$files" -- "$cur" ;; esac)')
    print("    case $files in [fd]) compopt -o filenames 2>/dev/null ;; esac")
    print("}\ncomplete -F _qemu_system_arm %s" % NAME)


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def zsh(program):
    print("#compdef %s\n# zsh completion of %s; made from its -help\n_arguments \\" % (NAME, NAME))
    for _, options in groups(program):
        for option in options:
            spec = "*-%s[%s]" % (option.name, zsh_text(option.text))
            words = words_of(program, option)
            if option.argument and not option.argument.startswith("[TOPIC"):
                action = {"f": "_files", "d": "_files -/"}.get(option.takes(), "( )")
                spec += ":%s:%s" % (zsh_text(option.argument),
                                    "(%s)" % " ".join(zsh_text(word) for word in words) if words else action)
            print("    %s \\" % quote(spec))
    print("    '*:: :'")


def main():
    makers = {"man": man, "bash": bash, "zsh": zsh}
    if len(sys.argv) < 3 or sys.argv[1] not in makers:
        sys.exit(__doc__)
    makers[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
