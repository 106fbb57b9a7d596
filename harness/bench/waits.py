#!/usr/bin/env python3
"""What programs that wait for a time cost, and whether what they print hangs on the machine.

    waits.py TOOL [--runs 1000] [--rounds 7] [--load 4]

- A pair that is paced by sleeps: ten times `sleep(1)` on each side, beside the same pair without a sleep, in turns. The figures are
  what the case took from its world's making to its sweeping (`spent` in kept evidence), medians.
- Two threads with timers of 100 and 150 ms, three times each: what they print hangs on which fires first, at 300 ms on which was
  set first. It is checked so many times while busy loops take the processors, and each time the output must be the one expected.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

PACED = r"""
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifndef PACE
#define PACE sleep(1)
#endif
int main(int argc, char **argv)
{
    char b = 'x';
    int yes = 1, s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(4000)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (strcmp(argv[1], "serve") == 0) {
        if (bind(s, (void *)&at, sizeof at) || listen(s, 1))
            return 1;
        s = accept(s, NULL, NULL);
        while (recv(s, &b, 1, 0) == 1)
            PACE, send(s, &b, 1, 0);
        return 0;
    }
    if (connect(s, (void *)&at, sizeof at))
        return 1;
    for (int n = 0; n < 10; n++) {
        PACE;
        if (send(s, &b, 1, 0) != 1 || recv(s, &b, 1, 0) != 1)
            return 1;
    }
    return 0;
}
"""

TIMERS = r"""
#include <pthread.h>
#include <stdio.h>
#include <time.h>
static void *says(void *word)
{
    struct timespec t = {0, *(char *)word == 'o' ? 100000000 : 150000000};
    for (int n = 0; n < 3; n++)
        nanosleep(&t, NULL), printf("%s\n", (char *)word), fflush(stdout);
    return NULL;
}
int main(void)
{
    pthread_t one, two;
    pthread_create(&two, NULL, says, "two");
    pthread_create(&one, NULL, says, "one");
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    return 0;
}
"""

HEAD = """format = 2
lab    = "waits"
title  = "Waits"
limit  = "10s"

[program.waits]
source = ["waits.c"]

[[case]]
id     = "one"
title  = "it waits"
tier   = "core"
points = 1
"""

PAIR = HEAD + """
[case.actor.server]
student = "waits serve"
listens = "tcp:4000"
exit    = 0
[case.actor.client]
student = "waits connect"
exit    = 0
"""

ALONE = HEAD + """
[case.actor.waiter]
student      = "waits"
exit         = 0
stdout.lines = ["one", "two", "one", "two", "one", "two"]
"""


class Checked:
    """A submission of one program, and the spec that it is checked by."""

    def __init__(self, tool, place, name, spec, source):
        folder = place / name
        (folder / "work").mkdir(parents=True)
        (folder / "waits.toml").write_text(spec)
        (folder / "work" / "waits.c").write_text(source)
        self.kept = folder / "kept"
        self.command = [tool, "check", str(folder / "work"), "--spec", str(folder / "waits.toml"), "--format", "json"]
        self.env = dict(os.environ, XDG_CACHE_HOME=str(place / "cache"))
        self.run()

    def run(self):
        """What was found wrong; nothing, as a rule."""
        done = subprocess.run(self.command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode == 0:
            return None
        findings = json.loads(done.stdout)["cases"][0]["findings"] if done.stdout else done.stderr.decode()
        return json.dumps(findings)

    def case_ms(self):
        """How long the case took."""
        done = subprocess.run([*self.command, "--keep", str(self.kept)], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise SystemExit(done.stderr.decode() or done.stdout.decode())
        spent = json.loads((self.kept / "one" / "evidence.json").read_text())["spent"]
        return sum(spent[part] for part in ("world_us", "actors_us", "sweep_us")) / 1e3


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("tool")
    args.add_argument("--runs", type=int, default=1000)
    args.add_argument("--rounds", type=int, default=7)
    args.add_argument("--load", type=int, default=2 * len(os.sched_getaffinity(0)))
    args = args.parse_intermixed_args()
    tool = str(pathlib.Path(args.tool).resolve())
    with tempfile.TemporaryDirectory(prefix="ipclab-waits-") as place:
        place = pathlib.Path(place)
        paced = Checked(tool, place, "paced", PAIR, PACED)
        without = Checked(tool, place, "without", PAIR, "#define PACE (void)0\n" + PACED)
        times = {paced: [], without: []}
        for _ in range(args.rounds):
            for checked, took in times.items():
                took.append(checked.case_ms())
        middle = [statistics.median(took) for took in times.values()]
        print(f"a pair with twenty sleeps of a second: {middle[0]:.1f} ms, without them {middle[1]:.1f} ms", flush=True)
        timers = Checked(tool, place, "timers", ALONE, TIMERS)
        load = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(args.load)]
        try:
            wrong = [found for found in (timers.run() for _ in range(args.runs)) if found]
        finally:
            for loop in load:
                loop.kill()
                loop.wait()
        print(f"two timers, {args.runs} checks beside {args.load} busy loops: {args.runs - len(wrong)} times the same output")
        if wrong:
            raise SystemExit(f"another output: {wrong[0]}")


if __name__ == "__main__":
    main()
