#!/usr/bin/env python3
"""What checking a submission costs beside compiling its programs once, in turns within one run.

    lab.py TOOL [LAB...] [--rounds 7]

For each lab: the plain compiler on the programs of an accepted submission; `check` of all its tiers with every build in the
cache, and with none; its core tier; and the core tier of submissions that wait for ever, crash, and print without end,
beside that of the good one. Medians in milliseconds, and ratios.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[2]

BAD = {
    "waits": "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n",
    "crashes": "int main(void) { *(volatile int *)0 = 1; }\n",
    "floods": '#include <stdio.h>\nint main(void) { for (;;) puts("flood"); }\n',
}


def timed(command, env, allowed):
    began = time.monotonic()
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    took = (time.monotonic() - began) * 1e3
    if done.returncode not in allowed:
        raise SystemExit(f"{command}: exit status {done.returncode}: {done.stderr}")
    return took


def c_sources(lab, folder):
    """The files of an accepted submission that are its programs, if each is one file of C."""
    spec = tomllib.loads((TOP / "specs" / f"{lab}.toml").read_text())
    files = {path.name.lower(): path for path in folder.rglob("*.c")}
    found = []
    for program in spec["program"].values():
        wanted = [name for name in program["source"] if name in files]
        if not wanted:
            return None
        found.append(files[wanted[0]])
    return found


def good(tool, lab, env):
    """The accepted submission that loses least among those that are a file of C for each program."""
    best = None
    for folder in sorted((TOP / "labs" / lab / "submissions" / "accepted").iterdir()):
        sources = c_sources(lab, folder)
        if not sources:
            continue
        report = subprocess.run([tool, "check", "--lab", lab, "--format", "json", folder], env=env, capture_output=True)
        earned = json.loads(report.stdout)["score"]["earned"]
        if best is None or earned > best[0]:
            best = earned, folder, sources
    if best is None:
        raise SystemExit(f"{lab}: no accepted submission is a file of C for each program")
    return best[1:]


def bad(lab, text, into):
    spec = tomllib.loads((TOP / "specs" / f"{lab}.toml").read_text())
    into.mkdir()
    for program in spec["program"].values():
        (into / program["source"][0]).write_text(text)
    return into


def measure(tool, lab, rounds, place):
    env = dict(os.environ, XDG_CACHE_HOME=str(place / "cache"))
    folder, sources = good(tool, lab, env)
    check = [tool, "check", "--lab", lab, "--format", "json"]
    out = str(place / "program")
    # Helper files of a careful submission belong to each of its programs.
    helpers = [str(path) for path in folder.rglob("*.c") if path not in sources]
    script = 'for source; do cc -o "$0" "$source" $HELPERS -w -pthread || exit 1; done'
    compile_all = ["env", f"HELPERS={' '.join(helpers)}", "sh", "-c", script, out, *map(str, sources)]
    what = {
        "compiler": (compile_all, [0]),
        "check, warm": ([*check, folder], [0, 1]),
        "check, cold": ([*check, "--no-cache", folder], [0, 1]),
        "core tier": ([*check, "--tier", "core", folder], [0]),
    }
    for name, text in BAD.items():
        what[f"core tier, {name}"] = ([*check, "--tier", "core", bad(lab, text, place / name)], [1])
    times = {name: [] for name in what}
    for _ in range(rounds + 1):
        for name, (command, allowed) in what.items():
            times[name].append(timed([str(word) for word in command], env, allowed))
    # The first round fills the cache.
    return {name: statistics.median(took[1:]) for name, took in times.items()}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("tool")
    args.add_argument("labs", nargs="*")
    args.add_argument("--rounds", type=int, default=7)
    args = args.parse_intermixed_args()
    labs = args.labs or sorted(path.stem for path in (TOP / "specs").glob("*.toml") if (TOP / "labs" / path.stem).is_dir())
    print("| lab | compiler | check, warm | check, cold | core tier | waits | crashes | floods |")
    print("|---|---|---|---|---|---|---|---|")
    for lab in labs:
        place = pathlib.Path(tempfile.mkdtemp(prefix="ipclab-bench-"))
        try:
            ms = measure(args.tool, lab, args.rounds, place)
        finally:
            shutil.rmtree(place)
        cc, core = ms["compiler"], ms["core tier"]
        cells = [f"{cc:.0f} ms"]
        cells += [f"{ms[name]:.0f} ms, {ms[name] / cc:.2f}" for name in ("check, warm", "check, cold")]
        cells += [f"{core:.0f} ms"]
        cells += [f"{ms[f'core tier, {name}'] / core:.2f}" for name in BAD]
        print(f"| {lab} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
