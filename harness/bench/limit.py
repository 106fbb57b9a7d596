#!/usr/bin/env python3
"""What checking a submission costs beside its limit: the cases' programs run bare, and the compiler on what was not built.

    limit.py TOOL [LAB...] [--rounds 5]

For each lab, in turns within one run: `check` of all tiers of an accepted submission with everything built (warm), the same with
nothing in the cache (cold), and the limit of both. The limit is what no grader can go below that runs these programs:

- the plans of every run of the check, as `--keep` has them, each played bare: the same programs with the same arguments,
  environment and input, one starting when the other serves, waits or has ended, as the plan says;
- cold, also the runs of the references in the student's places, and the compiler on each program, once plain, and once with
  sanitizers where a case runs it so.

Nothing of the box is in it. Peers, given objects and injected faults are not played, so that a bare program may do less than in
the box: the limit is rather too low. Both sides are counted in processor time, as the kernel has it for a process and all that it
has reaped (`wait4(2)`), and so is the ratio in bold. It does not hang on what else the machine does. The wall clock stands beside
it: medians, over the limit's processor time divided by the number of processors.

Programs are played in network, IPC and mount namespaces of this script's own, as root or where users may make namespaces.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lab as labs  # noqa: E402  (beside this file)

# A bare program that has not used the processor for so long will do nothing more: it waits for what is not played.
QUIET_S = 0.03
# No bare run takes longer.
MOST_S = 5.0
SANITIZED = "ASAN_OPTIONS"


def alone():
    """Starts this script again in namespaces of its own."""
    if os.environ.get("IPCLAB_BARE") != "1":
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        os.environ["IPCLAB_BARE"] = "1"
        os.execvp("unshare", ["unshare", *user, "--net", "--ipc", "--mount", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False, stderr=subprocess.DEVNULL)


def cpu_ms(usage):
    return (usage.ru_utime + usage.ru_stime) * 1e3


def finished(command, env, allowed=None):
    """Runs a command to its end: processor time of all of it, and wall time, in ms."""
    began = time.monotonic()
    child = subprocess.Popen([str(word) for word in command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if allowed is not None and child.returncode not in allowed:
        raise SystemExit(f"{command}: exit status {child.returncode}")
    return cpu_ms(usage), (time.monotonic() - began) * 1e3


def hundredths(pid):
    """State and used processor time of a process; None: it has ended."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else (fields[0], pathlib.Path(f"/proc/{pid}/schedstat").read_text())


def serves(endpoint):
    """Whether something serves what a plan waits for."""
    protocol = endpoint["protocol"]
    if protocol in ("tcp", "udp"):
        port = f":{endpoint.get('port') or 0:04X}"
        state = "0A" if protocol == "tcp" else "07"
        rows = []
        for table in (protocol, protocol + "6"):
            rows += pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        rows = [row.split() for row in rows]
        return any(row[3] == state and (row[1].endswith(port) or port == ":0000") for row in rows)
    if protocol == "unix":
        return pathlib.Path(endpoint.get("path") or "/nowhere").exists()
    return len(pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()) > 1


class Bare:
    """One plan, played bare."""

    def __init__(self, plan, programs):
        self.plan, self.programs, self.running, self.ended, self.used_ms = plan, programs, {}, set(), 0.0

    def start(self, actor):
        run = actor["run"].get("program")
        path = run and self.programs(run["path"], dict(map(tuple, run["env"])))
        if path is None:
            return self.ended.add(actor["name"])
        text = actor["stdin"].get("text", "") if isinstance(actor["stdin"], dict) else ""
        source, sink = os.pipe()
        os.write(sink, text.encode("latin-1", "replace")[:60000])
        if actor["stdin"] != "silent":
            os.close(sink)
        argv = [word if isinstance(word, str) else str(word) for word in run["argv"]]
        child = subprocess.Popen(
            argv, executable=path, env=dict(map(tuple, run["env"])), stdin=source, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.programs.folder, start_new_session=True)
        os.close(source)
        self.running[actor["name"]] = child

    def reap(self):
        for name, child in list(self.running.items()):
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                child.returncode = status
                self.used_ms += cpu_ms(usage)
                self.ended.add(name)
                del self.running[name]

    def is_due(self, actor):
        by_name = {other["name"]: other for other in self.plan["actors"]}
        for awaited in actor.get("start", []):
            (kind, name), = awaited.items()
            if kind == "clock":
                continue
            child = self.running.get(name)
            if child is None:
                if name not in self.ended:
                    return False
            elif kind == "exits":
                return False
            elif kind == "ready":
                if "ready" in by_name[name] and not serves(by_name[name]["ready"]):
                    return False
            elif kind == "waits":
                seen = hundredths(child.pid)
                if seen and seen[0] != "S":
                    return False
        return True

    def play(self):
        """Processor time of all programs in ms."""
        waiting = list(self.plan["actors"])
        before, quiet_since, began = None, time.monotonic(), time.monotonic()
        while True:
            self.reap()
            while waiting and self.is_due(waiting[0]):
                self.start(waiting.pop(0))
                quiet_since = time.monotonic()
            if not self.running and not waiting:
                break
            now = {name: hundredths(child.pid) for name, child in self.running.items()}
            if now != before or any(seen and seen[0] == "R" for seen in now.values()):
                before, quiet_since = now, time.monotonic()
            elif time.monotonic() - quiet_since > QUIET_S:
                if not waiting:
                    break
                # What it waits for does not happen bare: it starts all the same.
                self.start(waiting.pop(0))
            if time.monotonic() - began > MOST_S:
                break
            time.sleep(0.0002)
        for child in self.running.values():
            os.killpg(child.pid, signal.SIGKILL)
            self.used_ms += cpu_ms(os.wait4(child.pid, 0)[2])
            child.returncode = -signal.SIGKILL
        self.running.clear()
        subprocess.run(["ipcrm", "--all"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.used_ms


class Programs:
    """Where a plan's programs are outside of a box: ours in the tool, the student's compiled here."""

    def __init__(self, tool, lab, sources, helpers, folder):
        self.tool, self.folder, self.built, self.compiler_ms = tool, folder, {}, {}
        self.names = list(labs.tomllib.loads((labs.TOP / "specs" / f"{lab}.toml").read_text())["program"])
        self.sources = dict(zip(self.names, sources))
        self.helpers = helpers

    def __call__(self, path, env):
        path = pathlib.Path(path)
        if path.parts[1] == "ref":
            return self.ours.get(str(path))
        name = path.name
        if name not in self.sources:
            return str(path) if path.exists() else None
        return self.compiled(name, SANITIZED in env)

    def compiled(self, name, sanitized):
        key = name, sanitized
        if key not in self.built:
            out = self.folder / f"{name}{'-sanitized' if sanitized else ''}"
            self.compile(key, out)
            self.built[key] = str(out)
        return self.built[key]

    def compile(self, key, out):
        name, sanitized = key
        words = ["-fsanitize=address,undefined", "-g"] if sanitized else []
        spent, _ = finished(["cc", "-w", "-pthread", *words, "-o", out, self.sources[name], *self.helpers], None, [0])
        self.compiler_ms.setdefault(key, []).append(spent)


def plans_of(kept):
    """Every plan that was run, and how many of them the references played, too."""
    found, by_references = [], 0
    for file in sorted(kept.rglob("plan.json")):
        found.append(json.loads(file.read_text()))
        by_references += (file.parent / "reference" / "evidence.json").exists()
    return found, by_references


def measure(tool, lab, rounds, place):
    env = dict(os.environ, XDG_CACHE_HOME=str(place / "cache"))
    folder, sources = labs.good(tool, lab, env)
    helpers = [path for path in folder.rglob("*.c") if path not in sources]
    check = [tool, "check", "--lab", lab, "--format", "json"]
    kept = place / "kept"
    # Fills the cache, too.
    finished([*check, "--keep", kept, folder], env, [0, 1])
    plans, by_references = plans_of(kept)
    bare_folder = place / "bare"
    bare_folder.mkdir()
    programs = Programs(tool, lab, sources, helpers, bare_folder)
    programs.ours = {bind["inside"]: bind["host"] for plan in plans for bind in plan["world"]["binds"]
                     if bind.get("trusted_only") and os.path.exists(bind["host"])}
    for plan in plans:
        Bare(plan, programs).play()
    figures = {"bare": [], "compiler": [], "warm": [], "cold": []}
    walls = {"warm": [], "cold": []}
    for _ in range(rounds):
        figures["bare"].append(sum(Bare(plan, programs).play() for plan in plans))
        for key in programs.built:
            programs.compile(key, place / "again")
        figures["compiler"].append(sum(spent[-1] for spent in programs.compiler_ms.values()))
        for name, words in (("warm", check), ("cold", [*check, "--no-cache"])):
            spent, wall = finished([*words, folder], env, [0, 1])
            figures[name].append(spent)
            walls[name].append(wall)
    middle = {name: statistics.median(values) for name, values in figures.items()}
    references = middle["bare"] / max(len(plans), 1) * by_references
    limits = {"warm": middle["bare"], "cold": middle["bare"] + references + middle["compiler"]}
    processors = len(os.sched_getaffinity(0))
    cells = [f"{len(plans)}"]
    for name in ("warm", "cold"):
        wall = statistics.median(walls[name])
        cells.append(f"{limits[name]:.0f} ms")
        cells.append(f"{middle[name]:.0f} ms, **{middle[name] / limits[name]:.2f}**")
        cells.append(f"{wall:.0f} ms, {wall * processors / limits[name]:.2f}")
    return cells


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("tool")
    args.add_argument("labs", nargs="*")
    args.add_argument("--rounds", type=int, default=5)
    args = args.parse_intermixed_args()
    alone()
    tool = str(pathlib.Path(args.tool).resolve())
    every = sorted(path.stem for path in (labs.TOP / "specs").glob("*.toml") if (labs.TOP / "labs" / path.stem).is_dir())
    print("| lab | runs | limit, warm | ours: processor time | wall clock | limit, cold | ours: processor time | wall clock |")
    print("|---|---|---|---|---|---|---|---|")
    for lab in args.labs or every:
        place = pathlib.Path(tempfile.mkdtemp(prefix="ipclab-limit-"))
        try:
            print(f"| {lab} | {' | '.join(measure(tool, lab, args.rounds, place))} |", flush=True)
        except SystemExit as why:
            print(f"| {lab} | {why} | | | | | | |", flush=True)
        finally:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
