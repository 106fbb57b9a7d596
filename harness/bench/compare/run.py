#!/usr/bin/env python3
"""Grades the same programs with four graders, idle and under load, and shows what each catches, costs and changes.

    run.py --tool IPCLAB [--runs 2] [--busy 2] [--grader NAME...] [--program NAME...] [--json] [--venv DIR]
    run.py --tool IPCLAB --self-check

The graders lie beside this file: `bash` (grade.sh, with sleeps and model programs), `hasty` (the same with sleeps of a
tenth of a second), `pytest` (with pexpect), `check50` (the same checks for check50) and `ipclab`, the tool itself. The programs are those of programs.toml. Needs make, a C
compiler, unshare, setpriv, ip, ss and PyPI; a virtual environment is made in a temporary folder and taken away again.

All graders but ipclab run students' programs in the host's world, where port 12345, /tmp and the process table are
everybody's. So that they can do no harm, and so that each starts with a free port, every grading has network, /tmp,
processes and System V objects of its own (as in a fresh container). What is left at the end of a grading dies with it.

First every grader grades every program on the idle machine, the graders in turns; times are taken here. Graders
that sleep or wait most of the time do several gradings at once (AT_ONCE), or this would take an hour. Then, loaded: every
core is kept busy twice over (--busy), and all graders are at work at the same time.

A grading's outcome is the set of checks that it failed. A verdict changed when an outcome is not the most frequent one
among the same grader's idle gradings of the same program.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]

# A grading that takes this long is ended, and its outcome is "no result". The longest of ours takes half a minute.
LIMIT_S = 120

# Gradings at once: so many that two cores are still idle for half the time.
AT_ONCE = {"bash": 13, "hasty": 4, "pytest": 4, "check50": 4, "ipclab": 1, "warm": 1, "compiling": 1}

TITLES = {"bash": "bash, sleeps of 1 s", "hasty": "bash, 0.1 s", "pytest": "pytest + pexpect", "check50": "check50", "ipclab": "ipclab"}

# A fresh world: loopback up, an empty /tmp. The shell stays as process 1 and reaps.
WORLD = 'ip link set lo up && mount -t tmpfs none /tmp && "$@"'


class Trouble(Exception):
    """What keeps us from measuring: said in a line, exit status 2."""


# ---------------------------------------------------------------- programs


def tidy(source, target, starter):
    """Puts a submission as the simple graders want it: iserver.c and comclient.c in one folder, with a Makefile.

    An instructor would do so by hand, or ask for it. A submission with a Makefile is taken as it is.
    """
    if (source / "Makefile").is_file():
        shutil.copytree(source, target)
        return
    target.mkdir(parents=True)
    rules = []
    for program, names in {"iserver": ("iserver", "server"), "comclient": ("comclient", "client")}.items():
        found = [path for path in sorted(source.rglob("*")) if path.stem.lower() in names and path.suffix in (".c", ".py")]
        if len(found) != 1:
            raise Trouble(f"{source}: {len(found)} sources of {program}")
        shutil.copyfile(found[0], target / f"{program}{found[0].suffix}")
        if found[0].suffix == ".py":
            rules.append(f"{program}: {program}.py\n\t(echo '#!/usr/bin/env python3'; cat {program}.py) >{program}; chmod +x {program}\n")
    if rules:
        (target / "Makefile").write_text("\n".join(rules))
    else:
        shutil.copyfile(starter / "Makefile", target / "Makefile")


def chosen(names):
    """Lab and programs ({name: kind of folder}) of programs.toml, only those named if any are."""
    data = tomllib.loads((HERE / "programs.toml").read_text())
    programs = {name: kind for kind in ("accepted", "rejected") for name in data[kind]}
    unknown = set(names or []) - set(programs)
    if unknown:
        raise Trouble(f"no such program in programs.toml: {', '.join(sorted(unknown))}")
    return data, {name: kind for name, kind in programs.items() if not names or name in names}


# ---------------------------------------------------------------- outcomes
# Each reads what a grader said. None is "no result": it said nothing that can be read.


def outcome_of_lines(text):
    """grade.sh's lines: "ok NAME" and "not ok NAME: why"."""
    lines = re.findall(r"^(ok|not ok) ([a-z-]+)", text, re.M)
    return frozenset(name for word, name in lines if word == "not ok") if lines else None


def outcome_of_junit(text):
    try:
        cases = xml.etree.ElementTree.fromstring(text).findall(".//testcase")
    except xml.etree.ElementTree.ParseError:
        return None
    failed = lambda case: any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
    name = lambda case: case.get("name").removeprefix("test_").replace("_", "-")
    return frozenset(name(case) for case in cases if failed(case)) if cases else None


def outcome_of_check50(text):
    try:
        results = json.loads(text)["results"]
    except (ValueError, KeyError):
        return None
    return frozenset(result["name"].replace("_", "-") for result in results if result["passed"] is not True) if results else None


def outcome_of_report(text):
    """ipclab's report. Finer than the others: a case's parts count one by one, and what could not be graded counts."""
    try:
        cases = json.loads(text)["cases"]
    except (ValueError, KeyError):
        return None
    lost = lambda case: [part["aspect"] for part in case["parts"] if part["earned"] < part["max"]]
    unsettled = lambda case: [case["verdict"]] if case["verdict"] not in ("pass", "fail") else []
    return frozenset(f"{case['id']}/{what}" for case in cases for what in lost(case) + unsettled(case)) if cases else None


# ---------------------------------------------------------------- graders


class Bench:
    def __init__(self, args, data, work):
        self.args, self.data, self.work = args, data, work
        self.lab = TOP / "labs" / data["lab"]
        self.python = pathlib.Path(args.venv or work / "venv") / "bin" / "python"
        self.count = iter(range(10**9))
        self.running = set()
        base = {"PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}
        self.env = {**base, "HOME": str(work / "home"), "PYTHONDONTWRITEBYTECODE": "1"}

    def prepare(self):
        """Whatever is made once for all gradings: tidy folders, model programs, copies of the graders, PyPI's packages."""
        (self.work / "home").mkdir()
        spec = TOP / "specs" / f"{self.data['lab']}.toml"
        for program, kind in self.args.programs.items():
            if kind == "rejected":
                call([self.args.tool, "labs", spec, "--fault", program, "-o", self.raw(program, kind)])
        shutil.copytree(HERE, self.work / "graders", ignore=shutil.ignore_patterns("__pycache__"))
        for program, kind in self.args.programs.items():
            tidy(self.raw(program, kind), self.work / "tidy" / program, self.lab / "starter")
        (self.work / "model").mkdir()
        for name in ("server", "client"):
            call(["cc", "-O2", "-o", self.work / "model" / name, HERE / "bash" / "model" / f"{name}.c"])
        if {"pytest", "check50"} & set(self.args.graders):
            if not self.python.exists():
                call([sys.executable, "-m", "venv", self.python.parent.parent])
                call([self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt"])
        self.inside(["true"], self.work)

    def raw(self, program, kind):
        """The folder of a submission; that of a rejected one is written out by prepare()."""
        if kind == "rejected":
            return self.work / "rejected" / program
        return self.lab / "submissions" / kind / program

    def inside(self, command, folder, check=True, **env):
        """Runs a command in a world of its own, from a folder. Its standard output, "" when it had to be ended."""
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        world = ["setpriv", "--pdeathsig", "KILL", "unshare", *user, "--net", "--ipc", "--uts", "--mount", "--pid", "--fork"]
        words = [*world, "--kill-child", "--mount-proc", "sh", "-c", WORLD, "sh", *map(str, command)]
        status, out, err = self.finish(words, folder, {**self.env, **env})
        if check and status != 0:
            raise Trouble(f"no world of its own for a grading: {err.strip() or f'exit status {status}'}")
        return out

    def finish(self, words, folder, env):
        """Runs a command to its end or for LIMIT_S: exit status, standard output and error."""
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, errors="replace"
        )
        self.running.add(process)
        try:
            out, err = process.communicate(timeout=LIMIT_S)
            return process.returncode, out, err
        except subprocess.TimeoutExpired:
            return None, "", ""
        finally:
            process.kill()
            process.wait()
            self.running.discard(process)

    def grade(self, grader, program):
        """One grading from sources to outcome: (outcome, seconds)."""
        place = self.work / f"run-{next(self.count)}"
        place.mkdir()
        folder, result = place / "submission", place / "result"
        shutil.copytree(self.work / "tidy" / program, folder)
        try:
            return getattr(self, f"by_{grader}")(program, folder, result)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def timed(self, *words, **env):
        began = time.monotonic()
        said = self.inside(*words, check=False, **env)
        return said, time.monotonic() - began

    def by_compiling(self, program, folder, result):
        said, seconds = self.timed(["make", "-s", "iserver", "comclient"], folder)
        return frozenset(), seconds

    def by_bash(self, program, folder, result):
        return self.by_script(folder, "1")

    def by_hasty(self, program, folder, result):
        return self.by_script(folder, "0.1")

    def by_script(self, folder, pause):
        said, seconds = self.timed([self.work / "graders/bash/grade.sh", folder, self.work / "model", pause], folder)
        return outcome_of_lines(said), seconds

    def by_pytest(self, program, folder, result):
        options = ["-q", "-p", "no:cacheprovider", f"--junit-xml={result}"]
        command = [self.python, "-m", "pytest", *options, self.work / "graders/pytest/test_tcp_echo.py"]
        said, seconds = self.timed(command, folder, SUBMISSION=str(folder), PYTHONUNBUFFERED="1")
        return outcome_of_junit(read(result)), seconds

    def by_check50(self, program, folder, result):
        options = ["--dev", "--log-level", "error", "-o", "json", "--output-file", result]
        command = [self.python, "-m", "check50", *options, self.work / "graders/check50"]
        said, seconds = self.timed(command, folder, CHECK50_WORKERS="1", PYTHONUNBUFFERED="1")
        return outcome_of_check50(read(result)), seconds

    def by_ipclab(self, program, folder, result, cache=None):
        """As its user runs it: the submission as it was handed in, no world of our making, nothing in its cache."""
        env = {**self.env, "XDG_CACHE_HOME": str(cache or result.with_name("cache"))}
        source = self.raw(program, self.args.programs[program])
        command = [self.args.tool, "check", source, "--lab", self.data["lab"], "--tier", "core", "--format", "json", "-o", result]
        began = time.monotonic()
        self.finish(list(map(str, command)), folder, env)
        return outcome_of_report(read(result)), time.monotonic() - began

    def by_warm(self, program, folder, result):
        """ipclab with the programs in its build cache."""
        cache = result.with_name("cache")
        self.by_ipclab(program, folder, result, cache)
        return self.by_ipclab(program, folder, result, cache)

    def several(self, grader, runs, only=None):
        """{program: [(outcome, seconds)]}, of all programs or of those of a kind."""
        jobs = [name for _ in range(runs) for name, kind in self.args.programs.items() if only in (None, kind)]
        found = collections.defaultdict(list)
        with self.pool(AT_ONCE[grader]) as pool:
            for program, got in zip(jobs, pool.map(lambda program: self.grade(grader, program), jobs)):
                found[program].append(got)
        return dict(found)

    def all_at_once(self, graders, runs):
        """{grader: what several() gives}, all graders at work at the same time."""
        with self.pool(len(graders)) as pool:
            return dict(zip(graders, pool.map(lambda grader: self.several(grader, runs), graders)))

    @contextlib.contextmanager
    def pool(self, workers):
        """Threads that end at once when the run is interrupted, with whatever they have started."""
        pool = concurrent.futures.ThreadPoolExecutor(workers)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(self.running):
                process.kill()
            raise
        finally:
            pool.shutdown()


def call(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()[-500:]}")


def read(path):
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


class Load:
    """Every core kept busy so many times over."""

    def __init__(self, times):
        self.times = times

    def __enter__(self):
        spin = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", "while :; do :; done"]
        self.spinning = [subprocess.Popen(spin) for _ in range(self.times * os.cpu_count())]

    def __exit__(self, *_):
        for process in self.spinning:
            process.kill()
            process.wait()


# ---------------------------------------------------------------- results


def usual(gradings):
    """The most frequent outcome, of equally frequent ones the first."""
    return collections.Counter(outcome for outcome, _ in gradings).most_common(1)[0][0]


def summary(programs, idle, loaded):
    """What one grader came to, from its gradings: {program: [(outcome, seconds)]}, idle and loaded."""
    failed = lambda outcome: outcome is None or len(outcome) > 0
    seconds = lambda kind: [s for name in programs if programs[name] == kind for _, s in idle[name]]
    changed = lambda runs: {name: sum(outcome != usual(idle[name]) for outcome, _ in runs[name]) for name in runs}
    marks = {name: [failed(outcome) for runs in (idle, loaded) for outcome, _ in runs.get(name, [])] for name in programs}
    return {
        "seconds_good": statistics.median(seconds("accepted")) if seconds("accepted") else None,
        "seconds_wrong": statistics.median(seconds("rejected")) if seconds("rejected") else None,
        "caught": {name: [sum(marks[name]), len(marks[name])] for name in programs if programs[name] == "rejected"},
        "alarms": {name: [sum(marks[name]), len(marks[name])] for name in programs if programs[name] == "accepted"},
        "changed_idle": changed(idle),
        "changed_loaded": changed(loaded),
        "outcomes": {name: said(usual(idle[name])) for name in programs},
        "others": {
            name: sorted({" ".join(said(o)) for runs in (idle, loaded) for o, _ in runs.get(name, []) if o != usual(idle[name])})
            for name in programs
            if changed(idle)[name] + changed(loaded).get(name, 0)
        },
    }


def said(outcome):
    return ["no result"] if outcome is None else sorted(outcome)


def share(counts):
    """ "18 of 20", and those that are caught in some gradings only."""
    always = sum(k == n for k, n in counts.values())
    sometimes = sum(0 < k < n for k, n in counts.values())
    return f"{always} of {len(counts)}" + (f", {sometimes} sometimes" if sometimes else "")


def table(document):
    """The document as Markdown."""
    graders, compiling = document["graders"], document["compiling"]
    rows = [["", *map(TITLES.get, graders)]]
    time_row = lambda value, base: "" if value is None else f"{value:.2f} s" if base is None else f"{value:.2f} s ({value / base:.1f}x)"
    column = lambda title, cell: rows.append([title, *(cell(document["results"][grader]) for grader in graders)])
    column("a good submission, median", lambda r: time_row(r["seconds_good"], compiling["good"]))
    column("a wrong one, median", lambda r: time_row(r["seconds_wrong"], compiling["wrong"]))
    column("wrong programs caught", lambda r: share(r["caught"]))
    column("accepted programs failed", lambda r: share(r["alarms"]))
    for word in ("idle", "loaded"):
        gradings = document["runs"] * len(document["programs"])
        column(f"verdicts changed, {word}", lambda r: f"{sum(r[f'changed_{word}'].values())} of {gradings}")
    out = [line(rows[0]), line(["---"] * len(rows[0])), *map(line, rows[1:]), ""]

    rows = [["wrong program", "kind of fault", *map(TITLES.get, graders)]]
    for name in [name for name, kind in document["programs"].items() if kind == "rejected"]:
        cells = [document["results"][grader]["caught"][name] for grader in graders]
        words = ["caught" if k == n else "**missed**" if k == 0 else f"**{k} of {n}**" for k, n in cells]
        rows.append([f"`{name}`", document["kinds"][name], *words])
    out += [line(rows[0]), line(["---"] * len(rows[0])), *map(line, rows[1:]), ""] if len(rows) > 1 else []

    for grader in graders:
        result = document["results"][grader]
        for name, (k, _) in result["alarms"].items():
            if k and name not in result["others"]:
                out.append(f"- {TITLES[grader]} failed the accepted `{name}` every time: {', '.join(result['outcomes'][name])}")
        for name, others in result["others"].items():
            words = [", ".join(found.split()) or "nothing" for found in [" ".join(result["outcomes"][name]), *others]]
            out.append(f"- {TITLES[grader]} on `{name}`: usually fails {words[0]}; also {' or '.join(words[1:])}")
    return "\n".join(out).rstrip() + "\n"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def measure(bench, args):
    """All graders, idle and then loaded. Prints what it is doing to standard error."""
    began, load = time.monotonic(), os.getloadavg()[0]
    idle = {}

    def tell(what):
        print(f"{time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)

    # In turns, so that what else the machine does meets every grader.
    for run in range(args.runs):
        for grader in ("compiling", *args.graders):
            tell(f"{grader}, idle, {run + 1} of {args.runs}")
            for program, gradings in bench.several(grader, 1).items():
                idle.setdefault(grader, {}).setdefault(program, []).extend(gradings)
    compiled = idle.pop("compiling")
    warm = bench.several("warm", 1, "accepted") if "ipclab" in args.graders else None
    with Load(args.busy):
        tell("all of them, loaded")
        loaded = bench.all_at_once(args.graders, args.runs)
    tell("done")

    def median_of(runs, kind):
        found = [seconds for name, gradings in runs.items() if args.programs[name] == kind for _, seconds in gradings]
        return statistics.median(found) if found else None

    return {
        "schema": "ipclab/compare/v1",
        "lab": bench.data["lab"],
        "runs": args.runs,
        "at_once": AT_ONCE,
        "busy": args.busy,
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "seconds": round(time.monotonic() - began, 1),
        "programs": args.programs,
        "kinds": {name: bench.data[kind][name] for name, kind in args.programs.items()},
        "graders": args.graders,
        "compiling": {"good": median_of(compiled, "accepted"), "wrong": median_of(compiled, "rejected")},
        "ipclab_warm": warm and median_of(warm, "accepted"),
        "results": {grader: summary(args.programs, idle[grader], loaded[grader]) for grader in args.graders},
    }


def about(document):
    """The conditions of a measurement, as a sentence or two."""
    text = (
        f"{document['cores']} cores, load {document['load_before']} before; {document['runs']} gradings of {len(document['programs'])} programs "
        f"by each grader, idle and as many with every core kept busy {document['busy']} times over; {document['seconds']:.0f} s in all. "
        f"Compiling alone: {document['compiling']['good'] or 0:.2f} s (good), {document['compiling']['wrong'] or 0:.2f} s (wrong)."
    )
    if document["ipclab_warm"]:
        text += f" ipclab with the build in its cache: {document['ipclab_warm']:.2f} s (good)."
    return text


def self_check(bench, args):
    """Each grader passes a right program, fails one whose fault nobody can miss, and leaves nothing of either."""
    faults = 0
    for grader, found in bench.all_at_once(args.graders, 1).items():
        for program, [(outcome, seconds)] in found.items():
            good = outcome is not None and (not outcome) == (args.programs[program] == "accepted")
            print(f"{'ok' if good else 'not ok'} {grader} on {program}: {', '.join(said(outcome)) or 'nothing'} failed, {seconds:.1f} s")
            faults += not good
    left = [str(path) for path in bench.work.glob("run-*")]
    for link in pathlib.Path("/proc").glob("[0-9]*/exe"):
        with contextlib.suppress(OSError):
            left += [str(link)] if os.readlink(link).startswith(str(bench.work)) else []
    print(f"{'not ok' if left else 'ok'} nothing is left behind {' '.join(left)}".rstrip())
    return 1 if faults or left else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", type=pathlib.Path, required=True, help="the ipclab executable")
    parser.add_argument("--runs", type=int, default=2, help="gradings of each program by each grader, idle and again loaded (2)")
    parser.add_argument("--busy", type=int, default=2, help="how many times over every core is kept busy when loaded (2)")
    parser.add_argument("--grader", action="append", choices=list(TITLES), dest="graders")
    parser.add_argument("--program", action="append", dest="programs", help="only this one of programs.toml")
    parser.add_argument("--venv", help="a virtual environment to use, made if it is not there, and kept")
    parser.add_argument("--json", action="store_true", help="everything as ipclab/compare/v1 instead of tables")
    parser.add_argument("--self-check", action="store_true", help="that each grader works here, in half a minute")
    args = parser.parse_args()
    args.graders = args.graders or [name for name in TITLES if not (args.self_check and name == "hasty")]
    args.tool = args.tool.resolve()
    # A terminated run cleans up as an interrupted one does, and being told twice does not interrupt that.
    def told_to_end(*_):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(143)

    signal.signal(signal.SIGTERM, told_to_end)
    try:
        if not os.access(args.tool, os.X_OK):
            raise Trouble(f"{args.tool}: not an executable")
        if args.runs < 1 or args.busy < 1:
            raise Trouble("--runs and --busy: at least 1")
        data, args.programs = chosen(args.programs)
        if args.self_check:
            args.programs = {"whole": "accepted", "listing": "accepted", "client-no-usage": "rejected"}
        # Not in /tmp, which every grading hides under one of its own.
        with tempfile.TemporaryDirectory(prefix="ipclab-compare-", dir="/var/tmp", ignore_cleanup_errors=True) as work:
            bench = Bench(args, data, pathlib.Path(work))
            bench.prepare()
            if args.self_check:
                return self_check(bench, args)
            document = measure(bench, args)
    except Trouble as trouble:
        print(f"run.py: {trouble}", file=sys.stderr)
        return 2
    print(json.dumps(document, indent=2) if args.json else f"{about(document)}\n\n{table(document)}", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
