#!/usr/bin/env python3
"""How often a search of schedules comes to the same verdict, and how long it takes.

    schedules.py TOOL --lab LAB --case ID [--times N] [--seconds S] [--jobs J] [NAME...]

Each submission of a lab, or those that are named (`accepted/listing`, `rejected/unguarded`), is checked again and again in a case
that searches: N times, or until its S seconds are up. Printed are how often it passed and failed there, the median and the longest
time of a whole check (programs are built once), and how many schedules were tried.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import time
import tomllib

LABS = pathlib.Path(__file__).resolve().parents[2] / "labs"


def materialise(lab, name, into):
    """The folder of a submission; of a rejected one its base with its changes made."""
    kind, _, short = name.partition("/")
    submissions = LABS / lab / "submissions"
    if kind == "accepted":
        return submissions / "accepted" / short
    fault = tomllib.loads((submissions / "rejected" / f"{short}.toml").read_text())
    base = submissions / "accepted" / fault["base"]
    folder = pathlib.Path(into) / short
    folder.mkdir()
    texts = {file.name: file.read_text() for file in base.iterdir() if file.name != "expected.toml"}
    for change in fault["change"]:
        old, new = change["replace"].lstrip("\n"), change["with"].lstrip("\n")
        text = texts[change["file"]]
        if text.count(old) != 1:
            raise SystemExit(f"{name}: what is replaced is there {text.count(old)} times")
        texts[change["file"]] = text.replace(old, new)
    for file, text in texts.items():
        (folder / file).write_text(text)
    return folder


def check(options, folder):
    command = [options.tool, "check", folder, "--lab", options.lab, "--case", options.case, "--format", "json"]
    if options.jobs:
        command += ["--jobs", options.jobs]
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    took = time.monotonic() - began
    if done.returncode not in (0, 1):
        return "trouble", took, None
    tried = re.search(rb'"tried": ?(\d+)|: (\d+) were tried|schedule (\d+) of those', done.stdout)
    tried = tried and next(int(group) for group in tried.groups() if group)
    verdicts = {case["verdict"] for case in json.loads(done.stdout)["cases"] if case["id"] == options.case}
    return "/".join(sorted(verdicts)), took, tried


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("tool")
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--seconds", type=float, default=1e9)
    options.add_argument("--jobs")
    options.add_argument("--lab", required=True)
    options.add_argument("--case", required=True)
    options.add_argument("names", nargs="*")
    options = options.parse_intermixed_args()
    submissions = LABS / options.lab / "submissions"
    names = options.names
    if not names:
        names = [f"accepted/{one.name}" for one in sorted((submissions / "accepted").iterdir())]
        names += [f"rejected/{one.stem}" for one in sorted((submissions / "rejected").glob("*.toml"))]
    with tempfile.TemporaryDirectory() as into:
        for name in names:
            folder = materialise(options.lab, name, into)
            check(options, folder)
            outcomes, times, schedules = {}, [], set()
            until = time.monotonic() + options.seconds
            while len(times) < options.times and (not times or time.monotonic() < until):
                outcome, took, tried = check(options, folder)
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
                times.append(took)
                schedules.add(tried)
            told = ", ".join(f"{outcome} {count} of {len(times)}" for outcome, count in sorted(outcomes.items()))
            tried = sorted(str(count) for count in schedules)
            print(f"{name:32} {told:28} {statistics.median(times):6.2f} s, at most {max(times):6.2f} s, schedules {' '.join(tried)}", flush=True)


main()
