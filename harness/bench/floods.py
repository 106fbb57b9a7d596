#!/usr/bin/env python3
"""The tool's own peak memory while programs flood it.

    floods.py TOOL [--isolation namespaces|shared] [WORD...]

Each program is checked alone, after one that is well-behaved for comparison. Printed are, in MiB: the largest process of the
tool (the tool itself, its keeper, the supervisor of a case), all of them that live at the same moment, how large the report is as JSON
and as a page, how long it took, and what the report says of it. All together is a bound from above: peaks of different
moments are added, and pages that the processes share are counted for each.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

SPEC = """
format = 1
lab    = "floods"
title  = "Floods"
unit   = ["Q1"]
limit  = "20s"
[program.flood]
source = ["flood.c"]
[[case]]
id     = "flood"
title  = "your program says Hello"
tier   = "core"
points = 1
covers = ["Q1"]
hint   = "Say Hello."
[case.actor.flood]
student = "flood"
exit    = 0
stdout.lines = ["Hello"]
"""

HEAD = """#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static char block[1 << 16];
"""

TALK = """
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    static char text[8192];
    memset(text, 'x', sizeof text);
"""

PROGRAMS = {
    "well-behaved": 'puts("Hello");',
    "stdout without end": "memset(block, '\\n', sizeof block); for (;;) write(1, block, sizeof block);",
    "both streams without end": "memset(block, 'x', sizeof block); for (;;) { write(1, block, 4096); write(2, block, 4096); }",
    "a line of a gigabyte": "memset(block, 'x', sizeof block); for (int n = 0; n < 1 << 14; n++) write(1, block, sizeof block);",
    "bytes that are no text": "memset(block, 0xff, sizeof block); for (;;) write(1, block, sizeof block);",
    "escapes, as many as are allowed": "for (int n = 0; n < 31000; n++) fputs(\"\\033[2J\\a\\033]\", stdout);",
    "millions of calls": "int s = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {.sin_family = AF_INET}; for (;;) bind(s, (void *)&a, 1);",
    "calls with long paths": "static char path[4096]; memset(path, '\\x01', 4000); for (;;) unlink(path);",
    "large messages without end": TALK + "for (;;) { send(pair[0], text, sizeof text, 0); recv(pair[1], text, sizeof text, 0); }",
    "sockets without end": "for (;;) close(socket(AF_INET, SOCK_STREAM, 0));",
    "processes without end, one by one": "for (;;) { if (fork() == 0) _exit(0); wait(0); }",
    "files without end": "char name[64]; for (int n = 0;; n++) { sprintf(name, \"/tmp/f%d\", n); close(open(name, O_CREAT | O_WRONLY, 0600)); }",
    "segments full of bytes": "for (int n = 1; n < 64; n++) { int id = shmget(4000 + n, 1 << 20, IPC_CREAT | 0600); void *at = shmat(id, 0, 0); if (at != (void *)-1) memset(at, 0xff, 1 << 20); }",
    "memory without end": "for (;;) { char *p = malloc(1 << 20); if (!p) exit(7); memset(p, 1, 1 << 20); }",
}

BUILDS = {
    "messages of a compiler without end": {"flood.c": "#include __FILE__\n#include __FILE__\n"},
    "a Makefile that prints without end": {"flood.c": "int main;", "Makefile": "flood:\n\tyes\n"},
    "a source of one line of 3 MiB": {"flood.c": 'int main(void) { return "' + "A" * (3 << 20) + '"; } x\n'},
    "4,000 sources": {f"f{n}.c": "int main(void) { return 0 }\n" for n in range(4000)} | {"flood.c": "int main(void) { return 0 }\n"},
}


def ours(tool):
    """Peaks in KiB of the tool's processes that live at this moment."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if os.readlink(f"{entry.path}/exe") == tool:
                    found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"{entry.path}/status").read_text())
                    if found:
                        yield int(found.group(1))
            except OSError:
                pass


def measure(tool, level, files, folder):
    work = folder / "work"
    work.mkdir()
    for name, text in files.items():
        (work / name).write_text(text)
    (folder / "floods.toml").write_text(SPEC)
    out = folder / "report.json"
    command = [tool, "check", work, "--spec", folder / "floods.toml", "--isolation", level, "--keep", folder / "kept"]
    env = dict(os.environ, XDG_CACHE_HOME=str(folder / "cache"))
    began, largest, together = time.monotonic(), 0, 0
    running = subprocess.Popen([*command, "--format", "json", "-o", out], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None:
        peaks = list(ours(tool))
        largest, together = max([largest, *peaks]), max(together, sum(peaks))
        time.sleep(0.004)
    took = time.monotonic() - began
    if not out.exists():
        return largest, together, 0, 0, took, "refused: exit status " + str(running.returncode)
    page = subprocess.run([tool, "judge", folder / "kept", "--format", "html"], env=env, capture_output=True).stdout
    report = json.loads(out.read_text())
    said = [finding["message"] for case in report["cases"] for finding in case["findings"] if finding["verdict"] != "pass"]
    said += [program["problem"]["message"] for program in report["programs"] if "problem" in program]
    said = [text for text in said if "could not be built" not in text]
    limits = [text for text in said if "more than" in text or "without end" in text or "stopped" in text]
    return largest, together, out.stat().st_size, len(page), took, (limits or said or ["full marks"])[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("only", nargs="*", help="words of the programs to run; all of them when there are none")
    parser.add_argument("--isolation", default="namespaces", choices=["namespaces", "shared"])
    args = parser.parse_args()
    tool = os.path.realpath(args.tool)
    programs = {name: {"flood.c": HEAD + "int main(void) {" + text + " return 0; }\n"} for name, text in PROGRAMS.items()}
    print(f"{'':36} {'largest':>8} {'together':>8} {'JSON':>8} {'page':>8} {'seconds':>8}")
    for name, files in (programs | BUILDS).items():
        if args.only and not any(word in name for word in args.only):
            continue
        with tempfile.TemporaryDirectory(prefix="floods-", dir="/var/tmp") as folder:
            largest, together, json_size, page, took, said = measure(tool, args.isolation, files, pathlib.Path(folder))
        mib = [largest / 1024, together / 1024, json_size / 2**20, page / 2**20]
        print(f"{name:36} " + " ".join(f"{one:8.1f}" for one in mib) + f" {took:8.1f}  {said[:70]}", flush=True)


if __name__ == "__main__":
    main()
