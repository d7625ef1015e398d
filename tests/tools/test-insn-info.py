#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""insn-info: rows, disassembly, IR and host code come out; bad input is refused. Argument: the program. Prints TAP."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)


def run(*arguments):
    done = subprocess.run([sys.argv[1], *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=60, universal_newlines=True)
    return done.returncode, done.stdout


def arm():
    status, text = run("e0910002", "e0a33004", "0a000001")
    assert status == 0, text
    assert re.search(r'"add" \(arithmetic\)\n +cccc=0xe S=0x1 nnnn=0x1 dddd=0 ', text), text
    assert "adds r0, r1, r2" in text and "beq #0x8014" in text, text
    assert "IR after the passes" in text and re.search(r"exit \d: to 0x00008014", text), text
    assert "the IR is wrong" not in text, text


def thumb():
    status, text = run("-t", "-a", "0xc000", "1840", "d1fd")
    assert status == 0 and "adds r0, r0, r1" in text, text
    assert re.search(r"exit \d: to 0x0000c001", text), text


def undefined():
    status, text = run("-s", "e7f000f0", "e1a00000")
    assert status == 1 and text.count("no row: UNDEFINED") == 1, text


def flags():
    assert "fadd" in run("ee300a20")[1]
    status, text = run("-f", "none", "ee300a20")
    assert status == 0 and "fadd" not in text.split("IR:")[1], text
    assert re.search(r"flags 0x\w+: priv be vfp len4$", run("-f", "priv,be,vfp,len4", "-s", "e1a00000")[1], re.M)


def raw():
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "code")
        with open(path, "wb") as file:
            # 3 pages of NOPs and one byte more: blocks end at pages, the odd byte is left out.
            file.write(b"\x00\x00\xa0\xe1" * 3072 + b"!")
        status, text = run("-s", "-a", "0x8ff8", "-r", path)
        assert status == 0 and text.count("mov r0, r0") == 3072, text[-500:]
        assert "block at 0x00008ff8" in text and "block at 0x00009000" in text
        status, text = run("-o", "4", "-l", "8", "-n", "1", "-r", path)
        assert status == 0 and text.count("---- block") == 2, text


def refused():
    for arguments in ((), ("xyz",), ("-t", "12345"), ("-a", "0x8001", "e1a00000"), ("-f", "nonsense", "e1a00000"),
                      ("-r", "/nonexistent"), ("-r", "/"), ("-n", "0", "e1a00000"), ("--nonsense",)):
        assert run(*arguments)[0] == 2, arguments


def main():
    cases = tap.Cases()
    for part in (arm, thumb, undefined, flags, raw, refused):
        with cases.case("insn-info: " + part.__name__, subprocess.SubprocessError):
            part()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
