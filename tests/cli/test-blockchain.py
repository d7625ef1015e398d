#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Jobs on parts of a chain of images (base=, top=, backing-file=), and jobs whose end somebody else decides
(auto-finalize, auto-dismiss). disk.c is the guest: it writes and reads its card all the time and says what is wrong.
Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
import qmp_client               # noqa: E402
from disk_jobs import MIB, Job, content, overlay_drive, qemu_img      # noqa: E402
from disk_machine import guest_image                    # noqa: E402

PIECE = 64 << 10


def chain(directory, count=4):
    """image0 to image3, each with a piece of its own; the later one is in front. The guest uses the first pieces."""
    paths = [os.path.join(directory, "image%d" % number) for number in range(count)]
    for number, path in enumerate(paths):
        if os.path.exists(path):
            os.unlink(path)
        behind = ["-b", paths[number - 1], "-F", "qcow2"] if number else []
        qemu_img("create", "-q", "-f", "qcow2", *behind, path, *([] if number else [str(MIB)]))
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P %d %d 64k" % (number + 1, (12 + number) * PIECE),
                        "-c", "write -P %d %d 4k" % (number + 1, 11 * PIECE + number * 4096), path],
                       check=True, capture_output=True)
    return paths


def same_end(path, number=4):
    """The pieces that chain() wrote are as they were."""
    reads = ["read -P %d %d 64k" % (n + 1, (12 + n) * PIECE) for n in range(number)]
    reads += ["read -P %d %d 4k" % (n + 1, 11 * PIECE + n * 4096) for n in range(number)]
    text = subprocess.run(["qemu-io", "-f", "qcow2", *[word for read in reads for word in ("-c", read)], path],
                          check=True, capture_output=True, text=True).stdout
    assert "verification failed" not in text, text


def behind(path):
    lines = [line for line in qemu_img("info", path).splitlines() if line.startswith("backing file:")]
    return lines[0].split(": ", 1)[1] if lines else None


def check_chain(paths):
    """Each has the next one behind it, and the last one none."""
    for number, path in enumerate(paths):
        qemu_img("check", path)
        assert behind(path) == (paths[number + 1] if number + 1 < len(paths) else None), (path, behind(path))


def seen(job):
    """What the monitor tells of the chain."""
    info, paths = job.order("query-block")[0]["inserted"]["image"], []
    while info:
        paths.append(info["filename"])
        info = info.get("backing-image")
    return paths


def commits(cases, guest, directory):
    for name, arguments, left in (
            ("its last two images", {"top": 1}, (3, 2, 0)),
            ("two in the middle", {"top": 2, "base": 0}, (3, 0)),
            ("two in the middle into the third", {"top": 2, "base": 1}, (3, 1, 0))):
        with cases.case("block-commit of a part of the chain: " + name):
            paths = chain(directory)
            with Job(guest, directory, overlay_drive(paths[3])) as job:
                job.runs()
                job.order("block-commit", device="sd0", job_id="c",
                          **{key: paths[number] for key, number in arguments.items()})
                job.ended()
                job.runs()
                assert seen(job) == [paths[number] for number in left], seen(job)
                job.quit()
            check_chain([paths[number] for number in left])
            same_end(paths[3])
    with cases.case("block-commit from the disk's own image into one in the middle: the disk moves there"):
        paths = chain(directory)
        with Job(guest, directory, overlay_drive(paths[3])) as job:
            job.runs()
            job.order("block-commit", device="sd0", job_id="c", base=paths[1])
            job.client.event("BLOCK_JOB_READY")
            job.runs()
            job.order("block-job-complete", device="c")
            job.ended()
            front = content(paths[3])
            job.runs()
            assert seen(job) == [paths[1], paths[0]], seen(job)
            job.quit()
        assert content(paths[3]) == front
        check_chain([paths[1], paths[0]])
        same_end(paths[1])
    with cases.case("block-commit of the whole chain"):
        paths = chain(directory)
        with Job(guest, directory, overlay_drive(paths[3])) as job:
            job.order("block-commit", device="sd0", job_id="c")
            job.client.event("BLOCK_JOB_READY")
            job.order("block-job-complete", device="c")
            job.ended()
            job.runs()
            job.quit()
        check_chain([paths[0]])
        same_end(paths[0])


def streams(cases, guest, directory):
    for base, left, told in ((0, (3, 0), None), (1, (3, 1, 0), None), (1, (3, 1, 0), "image1")):
        with cases.case("block-stream with base: that stays behind the disk (%d, %s)" % (base, told)):
            paths = chain(directory)
            with Job(guest, directory, overlay_drive(paths[3])) as job:
                job.runs()
                job.order("block-stream", device="sd0", job_id="s", base=paths[base],
                          **({"backing_file": told} if told else {}))
                job.ended()
                job.runs()
                assert seen(job) == [paths[number] for number in left], seen(job)
                job.quit()
            if told:
                assert behind(paths[3]).split(" ")[0] == told, behind(paths[3])
            else:
                check_chain([paths[number] for number in left])
            same_end(paths[3])


def named(paths):
    """The chain as nodes n0 to n3, the last one the guest's card."""
    words = []
    for number, path in enumerate(paths):
        words += ["-blockdev", "qcow2,node-name=n%d,file.driver=file,file.filename=%s,%s" % (
            number, path, "backing=n%d" % (number - 1) if number else "read-only=on")]
    return [*words, "-device", "sd-card,drive=n%d" % (len(paths) - 1)]


def to_the_bottom(cases, guest, directory):
    for bottom, left in ((2, (3, 1, 0)), (1, (3, 0)), (0, (3,))):
        with cases.case("block-stream with bottom: it is the last one that goes (%d)" % bottom):
            paths = chain(directory)
            with Job(guest, directory, named(paths)) as job:
                job.runs()
                job.order("block-stream", device="n3", job_id="s", bottom="n%d" % bottom)
                job.ended()
                job.runs()
                assert seen(job) == [paths[number] for number in left], seen(job)
                job.quit()
            check_chain([paths[number] for number in left])
            same_end(paths[3])
    with cases.case("block-stream with bottom: what cannot be"):
        with Job(guest, directory, named(chain(directory))) as job:
            for text, arguments in (("not in the backing chain", {"bottom": "x"}),
                                    ("nothing is behind", {"bottom": "n3"}),
                                    ("'base-node' and 'bottom'", {"bottom": "n1", "base-node": "n0"}),
                                    ("'base' and 'bottom'", {"bottom": "n1", "base": "/x"})):
                job.refuses(text, "block-stream", device="n3", **arguments)
            job.quit()


def ends(cases, guest, directory):
    with cases.case("auto-finalize=false: a commit takes effect with job-finalize; auto-dismiss=false: job-dismiss"):
        paths = chain(directory)
        with Job(guest, directory, overlay_drive(paths[3])) as job:
            job.order("block-commit", device="sd0", job_id="c", auto_finalize=False, auto_dismiss=False)
            job.client.event("BLOCK_JOB_READY")
            job.refuses("not in a state", "job-finalize", id="c")
            job.order("job-complete", id="c")
            assert job.client.event("BLOCK_JOB_PENDING")["data"] == {"type": "commit", "id": "c"}
            job.runs()
            row = job.order("query-block-jobs")[0]
            assert row["status"] == "pending" and not row["auto-finalize"] and not row["auto-dismiss"], row
            assert job.file() == paths[3]
            job.order("job-finalize", id="c")
            job.client.event("BLOCK_JOB_COMPLETED")
            job.runs()
            assert job.file() == paths[0] and job.order("query-jobs")[0]["status"] == "concluded"
            job.order("job-dismiss", id="c")
            assert job.order("query-jobs") == []
            job.quit()
        same_end(paths[0])
    with cases.case("auto-finalize=false: a backup that is pending, and one that is cancelled then"):
        paths, target = chain(directory), os.path.join(directory, "target")
        with Job(guest, directory, overlay_drive(paths[3])) as job:
            for verb, event in (("block-job-finalize", "BLOCK_JOB_COMPLETED"), ("job-cancel", "BLOCK_JOB_CANCELLED")):
                job.order("drive-backup", device="sd0", job_id="b", target=target, sync="full", auto_finalize=False)
                job.client.event("BLOCK_JOB_PENDING")
                job.runs()
                job.order(verb, id="b")
                job.client.event(event)
                assert job.order("query-jobs") == []
            job.runs()
            job.quit()
        same_end(target)


def mistakes(cases, guest, directory):
    with cases.case("what is not in the chain, or the wrong way round, is refused, and nothing changes"):
        paths = chain(directory)
        with Job(guest, directory, overlay_drive(paths[3])) as job:
            for text, verb, arguments in (
                    ("not in the backing chain", "block-commit", {"base": "/none"}),
                    ("not in the backing chain", "block-commit", {"top-node": "none"}),
                    ("is not behind", "block-commit", {"top": paths[1], "base": paths[1]}),
                    ("is not behind", "block-commit", {"top": paths[0]}),
                    ("at the same time", "block-commit", {"base": paths[1], "base-node": "x"}),
                    ("not in the backing chain", "block-stream", {"base": "/none"}),
                    ("nothing is between", "block-stream", {"base": paths[2]}),
                    ("does not accept value", "block-stream", {"on-error": "later"})):
                job.refuses(text, verb, device="sd0", **arguments)
            assert seen(job) == paths[::-1] and job.order("query-jobs") == []
            job.runs()
            job.refuses("Job not found", "job-finalize", id="c")
            job.quit()
        check_chain(paths[::-1])


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    missing = not guest and "no cross compiler" or not shutil.which("qemu-io") and "needs qemu-img and qemu-io" \
        or not qmp_client.built_in() and "this build has no QMP"
    if missing:
        cases.skip("jobs on chains", missing)
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-chain-") as directory:
        for group in (commits, streams, to_the_bottom, ends, mistakes):
            group(cases, guest, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
