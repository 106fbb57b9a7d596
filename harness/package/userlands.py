#!/usr/bin/env python3
"""Grades the same labs in several userlands, and compares the reports.

    userlands.py roots ROOTS                          makes Debian 12 and 13 with their compilers, by debootstrap
    userlands.py run ROOTS TOOL [LAB...]              grades every submission of the labs in each of them, and compares
    userlands.py validate ROOTS TOOL [LAB...]         `ipclab validate` in each of them

A userland is a root folder with its C library and a compiler. In each, programs are graded as root and as an ordinary user,
at the level of namespaces and at the shared one: what is compared is points, verdicts and words of every case of every
submission (the reports of `ipclab golden --reports`). TOOL has to be the static executable. It needs root.

The level is what the kernel gives: a process that was put into the root by chroot can make no user namespace, and one for
which the root was made the top of its mounts can.
"""

import argparse
import atexit
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
LABS = ["shm-hello", "tcp-echo", "udp-datagram", "unix-stream"]

# The release, its packages, and its compilers as CC names them, with the C library that programs get.
USERLANDS = {
    "bookworm": (["gcc-12", "clang"], {"gcc-12": "glibc", "clang": "glibc", "musl-gcc": "musl"}),
    "trixie": (
        ["gcc-12", "gcc-13", "gcc-14", "clang"],
        {"gcc-12": "glibc", "gcc-13": "glibc", "gcc-14": "glibc", "clang": "glibc", "musl-gcc": "musl"},
    ),
}
COMMON = ["gcc", "libc6-dev", "make", "python3-minimal", "musl-tools"]
# What clang's sanitizers are in; without it cases of memory are unknown.
RUNTIMES = {"bookworm": "libclang-rt-14-dev", "trixie": "libclang-rt-19-dev"}

# Makes the folder the top of the mounts (`pivot`), or only the root of the process (`chroot`), and goes there as the user.
ENTER = r"""
set -e
root=$1 how=$2 user=$3 repository=$4
shift 4
mount --make-rprivate /
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$repository" "$root/repository"
mount -o remount,bind,ro "$root/repository"
cd "$root"
if [ "$how" = pivot ]; then
    pivot_root . mnt
    umount -l /mnt
fi
as=
[ "$user" = root ] || as="setpriv --reuid=1234 --regid=1234 --clear-groups"
exec chroot . /bin/sh -c 'cd /repository && exec "$@"' sh $as "$@"
"""


def enter(root, level, user, environment, command, repository=TOP):
    """Runs a command in a root; the ordinary user is 1234, whose home is /home/user."""
    how = "pivot" if level == "namespaces" else "chroot"
    words = ["unshare", "--mount", "--ipc", "--pid", "--fork", "--mount-proc", "--kill-child"]
    words += ["sh", "-c", ENTER, "sh", str(root), how, user, str(repository)]
    words += ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]
    words += [f"{name}={value}" for name, value in environment.items()]
    return subprocess.run(words + command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def make_roots(arguments):
    for release, (packages, _) in USERLANDS.items():
        root = arguments.roots / release
        if (root / "repository").exists():
            continue
        wanted = ",".join(COMMON + packages + [RUNTIMES[release]])
        words = ["debootstrap", "--variant=minbase", f"--include={wanted}", release, str(root)]
        subprocess.run(words + ([arguments.mirror] if arguments.mirror else []), check=True)
        (root / "repository").mkdir()
        home = root / "home/user"
        home.mkdir(parents=True)
        os.chown(home, 1234, 1234)


def combinations(arguments):
    for release, (_, compilers) in USERLANDS.items():
        for compiler, library in compilers.items():
            for user in ("root", "user"):
                for level in ("namespaces", "shared"):
                    name = f"{release} {compiler} {library} {user} {level}"
                    if all(word in name.split() for word in arguments.only):
                        yield name, (release, compiler, user, level)


def place(arguments, release, user):
    """A new folder that the user may write to, as it is called outside and inside of the root."""
    outside = pathlib.Path(tempfile.mkdtemp(dir=arguments.roots / release / "var/tmp"))
    if user != "root":
        os.chown(outside, 1234, 1234)
    return outside, "/" + str(outside.relative_to(arguments.roots / release))


def part_of_repository(labs, every):
    """A copy of the labs and specs in which of each lab's rejected submissions there is each so-many-th only."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="userlands-"))
    atexit.register(shutil.rmtree, place)
    place.chmod(0o755)
    shutil.copytree(TOP / "specs", place / "specs")
    for lab in labs:
        shutil.copytree(TOP / "labs" / lab, place / "labs" / lab)
        rejected = sorted((place / "labs" / lab / "submissions/rejected").iterdir())
        for number, submission in enumerate(rejected):
            if number % every:
                shutil.rmtree(submission) if submission.is_dir() else submission.unlink()
    return place


def in_root(arguments, combination, command):
    """Runs the tool in a root, and says what came of it, how long it took, and where it could write."""
    release, compiler, user, level = combination
    root = arguments.roots / release
    shutil.copy2(arguments.tool, root / "usr/local/bin/ipclab")
    outside, inside = place(arguments, release, user)
    environment = {"HOME": "/root" if user == "root" else "/home/user", "XDG_CACHE_HOME": f"{inside}/cache", "CC": compiler}
    command = [word.replace("@PLACE@", inside) for word in command]
    seen = enter(root, level, user, environment, ["ipclab", "doctor"])
    got = re.search(r"^level: (\w+)", seen.stdout, re.MULTILINE)
    if seen.returncode != 0 or not got or got.group(1) != level:
        raise SystemExit(f"{' '.join(combination)}: wanted {level}\n{seen.stdout}{seen.stderr}")
    began = time.monotonic()
    done = enter(root, level, user, environment, ["ipclab", *command], arguments.repository)
    return done, time.monotonic() - began, outside


# What is another in every run: numbers of calls and processes, addresses, ports that the kernel chose, times.
NUMBERS = re.compile(r"#\d+|process \d+|0x[0-9a-f]+|:(3[2-9]|[45]\d|60)\d{3}\b|\b1[5-9]\d{8}\b")


def cases(folder):
    """Of each submission and case: verdict and points, and the words that it is reported with."""
    found = {}
    for file in sorted(folder.rglob("*.json")):
        report = json.loads(file.read_text())
        name = str(file.relative_to(folder).with_suffix(""))
        for case in report["cases"]:
            words = [NUMBERS.sub("_", finding["message"]) for finding in case.get("findings", [])]
            found[name, case["id"]] = ((case["verdict"], case["earned"], case["max"]), words)
    return found


def run(arguments):
    kept = arguments.reports or pathlib.Path(tempfile.mkdtemp(prefix="userlands-"))
    if arguments.every > 1:
        arguments.repository = part_of_repository(arguments.labs, arguments.every)
    first = None
    rows = []
    for name, combination in combinations(arguments):
        folder = kept / name.replace(" ", "-")
        took = 0.0
        if not folder.exists():
            done, took, outside = in_root(
                arguments, combination, ["golden", *arguments.labs, "--reports", "@PLACE@/reports"]
            )
            if done.returncode not in (0, 1) or not (outside / "reports").exists():
                raise SystemExit(f"{name}: status {done.returncode}\n{done.stdout}{done.stderr}")
            shutil.copytree(outside / "reports", folder)
            shutil.rmtree(outside)
        seen = cases(folder)
        first = first or (name, seen)
        differing = collections.Counter()
        for key in sorted(first[1].keys() | seen.keys()):
            here, there = seen.get(key), first[1].get(key)
            if here is None or there is None or here[0] != there[0]:
                differing["verdicts"] += 1
                print(f"{name}: {key[0]} {key[1]}: {here and here[0]}, and {there and there[0]} in {first[0]}")
                print(f"    {here and here[1]}\n    {there and there[1]}")
            elif here[1] != there[1]:
                differing["words"] += 1
                if arguments.words:
                    print(f"{name}: {key[0]} {key[1]}:\n    {here[1]}\n    {there[1]}")
        rows.append((name, len(seen), differing["verdicts"], differing["words"], took))
        print(f"{name}: {len(seen)} cases, {dict(differing)}, {took:.0f} s", flush=True)
    print("\n| userland | cases | other verdicts | other words | seconds |\n|---|---|---|---|---|")
    for name, count, verdicts, words, took in rows:
        print(f"| {name} | {count} | {verdicts} | {words} | {took:.0f} |")
    if not arguments.reports:
        shutil.rmtree(kept)
    sys.exit(any(verdicts for _, _, verdicts, _, _ in rows))


def validate(arguments):
    wrong = False
    for name, combination in combinations(arguments):
        done, took, outside = in_root(arguments, combination, ["validate", *arguments.labs])
        shutil.rmtree(outside)
        wrong |= done.returncode != 0
        print(f"{name}: status {done.returncode}, {took:.0f} s", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr)
    sys.exit(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(repository=TOP)
    commands = parser.add_subparsers(required=True)
    roots = commands.add_parser("roots")
    roots.set_defaults(do=make_roots)
    roots.add_argument("--mirror", help="where packages come from; left out: where debootstrap takes them")
    for name, do in (("run", run), ("validate", validate)):
        command = commands.add_parser(name)
        command.set_defaults(do=do)
        command.add_argument("--only", action="append", default=[], help="a release, compiler, library, user or level")
    for command in commands.choices.values():
        command.add_argument("roots", type=pathlib.Path)
        if command is not roots:
            command.add_argument("tool", type=pathlib.Path)
            command.add_argument("labs", nargs="*", default=LABS)
    commands.choices["run"].add_argument("--reports", type=pathlib.Path, help="keep reports here, and go on from there")
    commands.choices["run"].add_argument(
        "--every", type=int, default=1, metavar="N", help="of the rejected submissions only each N-th, to save time"
    )
    commands.choices["run"].add_argument("--words", action="store_true", help="show other words, too")
    arguments = parser.parse_args()
    arguments.roots = arguments.roots.resolve()
    arguments.do(arguments)


if __name__ == "__main__":
    main()
