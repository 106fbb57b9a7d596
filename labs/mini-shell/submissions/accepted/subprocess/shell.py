import os
import signal
import subprocess
import sys

MODES = {
    "<": (os.O_RDONLY, 0),
    ">": (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 1),
    ">>": (os.O_WRONLY | os.O_CREAT | os.O_APPEND, 1),
}
# Those that nothing waits for yet; subprocess would reap one that is forgotten.
background = {}


class Command:
    def __init__(self):
        self.words, self.files = [], []

    def start(self, before, after):
        """Starts the program; without one, says why and gives the status."""
        streams, opened = [before, after], []
        try:
            for path, flags, place in self.files:
                opened.append(os.open(path, flags, 0o644))
                streams[place] = opened[-1]
        except OSError as error:
            print(f"{path}: {error.strerror}", file=sys.stderr, flush=True)
            return 1
        else:
            return subprocess.Popen(self.words, stdin=streams[0], stdout=streams[1])
        finally:
            for fd in opened:
                os.close(fd)


def parse(line):
    commands, in_background = [Command()], False
    words = iter(line.split())
    for word in words:
        if word == "|":
            commands.append(Command())
        elif word == "&":
            in_background = True
        elif word in MODES:
            commands[-1].files.append((next(words), *MODES[word]))
        else:
            commands[-1].words.append(word)
    return commands, in_background


def code(status):
    return status if status >= 0 else 128 - status


def tell(options):
    while background:
        pid, status = os.waitpid(-1, options)
        if pid == 0:
            return
        child = background.pop(pid)
        child.returncode = os.waitstatus_to_exitcode(status)
        print(f"{pid} ended with {code(child.returncode)}", flush=True)


def run(commands, in_background):
    children, before, gave_up = [], None, False
    for command in commands:
        after = None if command is commands[-1] else subprocess.PIPE
        try:
            child = command.start(before, after)
        except (FileNotFoundError, PermissionError) as error:
            print(f"{command.words[0]}: {error.strerror}", file=sys.stderr, flush=True)
            child = 127 if isinstance(error, FileNotFoundError) else 126
        except OSError as error:
            print(f"shell: {error.strerror}", file=sys.stderr, flush=True)
            gave_up = True
        if before not in (None, subprocess.DEVNULL):
            before.close()
        if gave_up:
            break
        children.append(child)
        before = getattr(child, "stdout", None) or subprocess.DEVNULL
    if in_background and not gave_up:
        background.update({child.pid: child for child in children if isinstance(child, subprocess.Popen)})
        return 0
    results = [code(child.wait()) if isinstance(child, subprocess.Popen) else child for child in children]
    return 1 if gave_up else results[-1]


def main():
    # A handler is no handler in a program that is started; what is ignored stays ignored.
    signal.signal(signal.SIGINT, lambda *_: None)
    result = 0
    while line := sys.stdin.readline():
        commands, in_background = parse(line)
        words = commands[0].words
        if not words:
            pass
        elif words[0] == "exit":
            if len(words) > 1:
                result = int(words[1])
            break
        elif words[0] == "cd":
            try:
                os.chdir(words[1])
                result = 0
            except OSError as error:
                print(f"{words[1]}: {error.strerror}", file=sys.stderr, flush=True)
                result = 1
        else:
            result = run(commands, in_background)
        tell(os.WNOHANG)
    tell(0)
    sys.exit(result)


main()
