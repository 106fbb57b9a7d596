#!/usr/bin/env python3
"""Every figure of the README's benchmark section, one part after the other, as Markdown.

    run.py [--quick] [PART...] [> figures.md]

Parts, all of them when none is named; together about twenty minutes on two idle cores:
    case      a case beside the same programs run bare and beside bwrap
    evidence  each kind of evidence beside a case that asks for none
    measures  each measure of the threat model beside a case that lacks it
    limit     a submission of each lab beside the bare programs and the compiler
    waits     programs that wait for a time
    lab       a submission of each lab beside compiling it
    class     a class beside compiling it, with one job, two and four
    memory    the tool's peak memory for classes of three sizes
    floods    the tool's peak memory beside programs that flood
    compare   other graders on the same programs

It builds the tool first. `--quick` takes few rounds: to see that everything runs, not to be cited.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]


def steps(tool, quick):
    """The commands of each part."""
    rounds, count = ("2", "10") if quick else ("7", "300")
    of_case = ["cargo", "bench", "-q", "-p", "ipclab-sandbox", "--bench", "case"]
    of_class = [HERE / "batch.py", tool, "shm-hello", "--tier", "core", "--calm"]
    return {
        "case": [[*of_case, "--", "20"] if quick else of_case],
        "evidence": [[*of_case, "--", "--evidence", *(["10"] if quick else [])]],
        "measures": [[*of_case, "--", "--measures", *(["10"] if quick else [])]],
        "limit": [[HERE / "limit.py", tool, "--rounds", rounds]],
        "waits": [[HERE / "waits.py", tool, *(["--runs", "10"] if quick else [])]],
        "lab": [[HERE / "lab.py", tool, "--rounds", rounds]],
        "class": [[*of_class, "compile", "--count", count, "--jobs", jobs] for jobs in ("1", "2", "4")],
        "memory": [[*of_class, "memory"]],
        "floods": [[HERE / "floods.py", tool]],
        "compare": [[HERE / "compare" / "run.py", "--tool", tool]],
    }


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("parts", nargs="*")
    args.add_argument("--quick", action="store_true")
    args = args.parse_intermixed_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target"))
    parts = steps(target / "release" / "ipclab", args.quick)
    for unknown in set(args.parts) - parts.keys():
        raise SystemExit(f"{unknown}: no such part; there are {', '.join(parts)}")
    subprocess.run(["cargo", "build", "--release"], cwd=TOP, check=True)
    failed = []
    for part in args.parts or parts:
        print(f"## {part}\n", flush=True)
        began = time.monotonic()
        for command in parts[part]:
            if subprocess.run(command, cwd=TOP).returncode != 0:
                failed.append(part)
        print(f"\n({time.monotonic() - began:.0f} s)\n", flush=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    sys.exit(main())
