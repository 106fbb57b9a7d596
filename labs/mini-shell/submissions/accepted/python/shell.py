import os
import signal
import sys


class Command:
    def __init__(self):
        self.words, self.files = [], []

    def become(self):
        """In a child: never returns."""
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            for path, flags, place in self.files:
                try:
                    fd = os.open(path, flags, 0o644)
                except OSError as error:
                    print(f"{path}: {error.strerror}", file=sys.stderr)
                    sys.stderr.flush()
                    os._exit(1)
                os.dup2(fd, place)
            os.execvp(self.words[0], self.words)
        except OSError as error:
            print(f"{self.words[0]}: {error.strerror}", file=sys.stderr, flush=True)
            os._exit(127 if isinstance(error, FileNotFoundError) else 126)
        finally:
            os._exit(1)


MODES = {
    "<": (os.O_RDONLY, 0),
    ">": (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 1),
    ">>": (os.O_WRONLY | os.O_CREAT | os.O_APPEND, 1),
}


def parse(line):
    commands, background = [Command()], False
    words = iter(line.split())
    for word in words:
        if word == "|":
            commands.append(Command())
        elif word == "&":
            background = True
        elif word in MODES:
            commands[-1].files.append((next(words), *MODES[word]))
        else:
            commands[-1].words.append(word)
    return commands, background


def code(status):
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def tell(options):
    try:
        while True:
            pid, status = os.waitpid(-1, options)
            if pid == 0:
                return
            print(f"{pid} ended with {code(status)}", flush=True)
    except ChildProcessError:
        pass


def run(commands, background):
    children, before, result = [], None, 0
    try:
        for command in commands:
            ends = os.pipe() if command is not commands[-1] else (None, None)
            try:
                child = os.fork()
            except OSError:
                for end in ends:
                    if end is not None:
                        os.close(end)
                raise
            if child == 0:
                if before is not None:
                    os.dup2(before, 0)
                if ends[1] is not None:
                    os.dup2(ends[1], 1)
                command.become()
            children.append(child)
            if before is not None:
                os.close(before)
            if ends[1] is not None:
                os.close(ends[1])
            before = ends[0]
    except OSError as error:
        print(f"shell: {error.strerror}", file=sys.stderr, flush=True)
        if before is not None:
            os.close(before)
        for child in children:
            os.waitpid(child, 0)
        return 1
    if background:
        return 0
    for child in children:
        result = code(os.waitpid(child, 0)[1])
    return result


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    result = 0
    while line := sys.stdin.readline():
        commands, background = parse(line)
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
            result = run(commands, background)
        tell(os.WNOHANG)
    tell(0)
    sys.exit(result)


main()
