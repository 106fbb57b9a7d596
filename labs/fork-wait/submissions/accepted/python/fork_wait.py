import os
import re
import signal
import sys
import time


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


words = [re.fullmatch(r"(s?)(\d+)(?:@(\d+))?", word, re.ASCII) for word in sys.argv[1:]]
fits = lambda word: word and (1 <= int(word[2]) <= 64 if word[1] else int(word[2]) <= 255)
if not words or not all(map(fits, words)):
    sys.exit("usage: fork_wait STATUS[@SECONDS] | sSIGNAL[@SECONDS] ...")
say(f"{len(words)} child" + "ren" * (len(words) > 1))
failed = 0
for dies, number, seconds in (word.groups("") for word in words):
    try:
        pid = os.fork()
    except OSError as error:
        print("fork:", error.strerror, file=sys.stderr)
        failed += 1
        break
    if pid == 0:
        time.sleep(int(seconds or 0))
        say(f"{os.getpid()}: my parent is {os.getppid()}")
        if dies:
            signal.signal(int(number), signal.SIG_DFL) if int(number) not in (9, 19) else None
            os.kill(os.getpid(), int(number))
        os._exit(0 if dies else int(number))
while True:
    try:
        pid, status = os.wait()
    except ChildProcessError:
        break
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        say(f"{pid} was ended by signal {-code} ({signal.strsignal(-code)})")
    else:
        say(f"{pid} exited with {code}")
    failed += code != 0
sys.exit(failed)
