#!/usr/bin/env python3
"""Grades a made class in every way that must come to the same, and measures it.

    batch.py TOOL LAB [--count 300] [--jobs 2] [--tier core] [--calm] [--distinct] [--folder DIR] [STEP...]

Steps, all of them when none is named:
    twice    the class is graded twice, the second time without the cache: the same results but for times
    killed   it is killed by SIGKILL five times at random moments and gone on with: the same results
    shards   three parts are merged: the same results
    memory   the tool's peak memory for classes of 50, 150 and 300
    compile  its time beside make -j on the same sources with the same parallelism, in turns
"""

import argparse
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.env = dict(os.environ, XDG_CACHE_HOME=str(folder / "cache"))

    def made(self, count):
        target = self.folder / f"class-{count}"
        if not target.exists():
            how = [f"--{word}" for word in ("calm", "distinct") if getattr(self.args, word)]
            subprocess.run([sys.executable, HERE / "made_class.py", self.args.tool, self.args.lab, str(count), target, *how], check=True)
        return target

    def command(self, count, out, *more):
        tier = ["--tier", self.args.tier] if self.args.tier else []
        words = [self.args.tool, "grade", self.made(count), "--lab", self.args.lab, "-o", self.folder / out]
        return [*map(str, words), "--jobs", str(self.args.jobs), *tier, *more]

    def grade(self, count, out, *more, kill_after=None):
        """Runs the tool. Gives seconds, peak memory in KiB, exit status and what it said."""
        began = time.monotonic()
        tool = subprocess.Popen(
            self.command(count, out, *more), env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        peak = [0]

        def watch():
            while tool.poll() is None:
                try:
                    text = pathlib.Path(f"/proc/{tool.pid}/status").read_text()
                    found = re.search(r"VmHWM:\s+(\d+)", text)
                    peak[0] = int(found.group(1)) if found else peak[0]
                except OSError:
                    pass
                time.sleep(0.1)

        threading.Thread(target=watch, daemon=True).start()
        if kill_after is not None:
            threading.Timer(kill_after, tool.kill).start()
        said, told = tool.communicate()
        return time.monotonic() - began, peak[0], tool.returncode, said + told

    def results(self, out):
        """Every file of a folder of results, with the times taken out."""
        files = {}
        for path in sorted((self.folder / out).rglob("*")):
            if path.is_file():
                text = path.read_bytes()
                if path.name == "results.jsonl":
                    text = re.sub(rb'"took_ms":\d+,', b"", text)
                files[str(path.relative_to(self.folder / out))] = text
        return files

    def same(self, what, one, two):
        """Marks must be the same; of programs that race with each other, the order in which calls were seen need not be."""
        a, b = self.results(one), self.results(two)
        marks = a.get("class.json") == b.get("class.json")
        lines = [zip(*(results.get("results.jsonl", b"").splitlines() for results in (a, b)))]
        differing = [x for pair in lines for x, y in pair if x != y]
        pages = sum(a.get(name) != b.get(name) for name in a.keys() | b.keys() if name.endswith(".html"))
        print(f"{what}: marks {'identical' if marks else 'DIFFER'}; {len(differing)} lines and {pages} pages differ", flush=True)
        for line in differing[:5]:
            print("   ", line[:40], re.findall(rb'"id":"[^"]*"', line)[:1])

    def twice(self):
        took, peak, code, said = self.grade(self.args.count, "one")
        print(said[said.find(self.args.lab) :].split("\n\n")[0])
        print(f"first run: {took:.1f} s, peak {peak} KiB, exit status {code}", flush=True)
        took, peak, code, _ = self.grade(self.args.count, "two", "--no-cache")
        print(f"second run, nothing from the cache: {took:.1f} s, peak {peak} KiB, exit status {code}", flush=True)
        self.same("graded twice", "one", "two")

    def killed(self):
        rng = random.Random(5)
        self.ensure_one()
        for n in range(5):
            # With everything built already there would be nothing to interrupt.
            shutil.rmtree(self.folder / "cache", ignore_errors=True)
            took, *_ = self.grade(self.args.count, "killed", kill_after=self.args.kill_within * rng.random())
            lines = self.folder / "killed" / "results.jsonl"
            count = lines.read_bytes().count(b"\n") if lines.exists() else 0
            print(f"killed {n + 1} after {took:.1f} s: {count} results kept", flush=True)
        took, _, code, _ = self.grade(self.args.count, "killed")
        print(f"gone on with: {took:.1f} s, exit status {code}")
        self.same("killed five times", "one", "killed")
        left = list((self.folder / "cache" / "ipclab" / "scratch").glob("*"))
        print(f"scratch folders left: {len(left)}")

    def shards(self):
        self.ensure_one()
        for n in (1, 2, 3):
            self.grade(self.args.count, f"part{n}", "--shard", f"{n}/3")
        parts = [str(self.folder / f"part{n}") for n in (2, 3, 1)]
        merged = subprocess.run(
            [self.args.tool, "merge", *parts, "-o", str(self.folder / "merged")], env=self.env, capture_output=True, text=True
        )
        print(f"merged: exit status {merged.returncode} {merged.stderr.strip()}")
        self.same("three parts merged", "one", "merged")

    def memory(self):
        for count in (50, 150, 300):
            took, peak, code, _ = self.grade(count, f"memory-{count}")
            print(f"class of {count}: peak {peak} KiB, {took:.1f} s, exit status {code}", flush=True)

    def unpacked(self, count):
        """The class with its archives unpacked, but for those that nobody should unpack."""
        target = self.folder / f"unpacked-{count}"
        if target.exists():
            return target
        shutil.copytree(self.made(count), target)
        for path in sorted(target.iterdir()):
            if path.is_file():
                inside = target / path.name.split(".")[0]
                if path.suffix == ".zip":
                    with zipfile.ZipFile(path) as archive:
                        names = {one.filename: one.file_size for one in archive.infolist()}
                        if all(".." not in name and size < 1 << 20 for name, size in names.items()):
                            archive.extractall(inside)
                else:
                    with tarfile.open(path) as archive:
                        archive.extractall(inside, filter="data")
        return target

    def compile(self):
        """The plain compiler's time for every source of the class that it takes, beside a grading with an empty cache."""
        count = self.args.count
        # Without a box around it, a compiler reads /dev/zero until the machine has no memory left.
        units = [path for path in sorted(self.unpacked(count).rglob("*")) if path.suffix.lower() == ".c"]
        units = [path for path in units if b"/dev/zero" not in path.read_bytes()]
        compiled = self.folder / "compiled"
        compiled.mkdir(exist_ok=True)

        makefile = compiled / "Makefile"
        rules = [
            f"{n}:\n\tcc -x c -std=gnu17 -g -w {shlex.quote(str(path))} -o {n}.out\n".replace("$", "$$")
            for n, path in enumerate(units)
        ]
        makefile.write_text(f"all: {' '.join(map(str, range(len(units))))}\n.PHONY: all\n" + "".join(rules))

        def once():
            began = time.monotonic()
            subprocess.run(
                ["make", "-k", "-s", "-B", "-j", str(self.args.jobs), "-C", compiled], env=self.env,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)),
            )
            return time.monotonic() - began

        for n in range(2):
            cc = once()
            # What is there would be gone on with, and what is built would not be built again.
            for gone in (self.folder / f"timed-{n}", self.folder / "cache"):
                shutil.rmtree(gone, ignore_errors=True)
            os.sync()
            took, peak, *_ = self.grade(count, f"timed-{n}")
            said = f"{len(units)} sources: make {cc:.1f} s, graded from nothing in {took:.1f} s: {took / cc:.2f} times"
            print(f"{said}; peak {peak} KiB", flush=True)

    def ensure_one(self):
        if not (self.folder / "one" / "class.json").exists():
            self.grade(self.args.count, "one")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("lab")
    parser.add_argument("steps", nargs="*", default=[])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--tier")
    parser.add_argument("--calm", action="store_true", help="without those that take all the time or memory they may have")
    parser.add_argument("--distinct", action="store_true", help="no two of the programs are the same")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--kill-within", type=float, default=20.0)
    args = parser.parse_intermixed_args()
    args.tool = str(pathlib.Path(args.tool).resolve())
    folder = args.folder or pathlib.Path(tempfile.mkdtemp(prefix="ipclab-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(args, folder)
    try:
        for step in args.steps or ["twice", "killed", "shards", "memory", "compile"]:
            print(f"== {step}", flush=True)
            getattr(bench, step)()
    finally:
        if not args.folder:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
