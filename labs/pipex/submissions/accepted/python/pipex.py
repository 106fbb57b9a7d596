import subprocess
import sys

# Where vfork() fails, subprocess tries fork().
subprocess._USE_VFORK = False


def start(words, stdin, stdout):
    try:
        return subprocess.Popen(words.split(), stdin=stdin, stdout=stdout)
    except OSError as error:
        print(f"{words.split()[0]}: {error.strerror}", file=sys.stderr)
        return error


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: pipex INPUT COMMAND COMMAND OUTPUT")
    source, left, right, target = sys.argv[1:]
    first = None
    between = subprocess.DEVNULL
    try:
        with open(source, "rb") as file:
            first = start(left, file, subprocess.PIPE)
        if isinstance(first, subprocess.Popen):
            between = first.stdout
        elif not isinstance(first, (FileNotFoundError, PermissionError)):
            return 1
    except OSError as error:
        print(f"{source}: {error.strerror}", file=sys.stderr)
    try:
        with open(target, "wb") as file:
            second = start(right, between, file)
    except OSError as error:
        print(f"{target}: {error.strerror}", file=sys.stderr)
        second = error
    if isinstance(first, subprocess.Popen):
        first.stdout.close()
    if isinstance(second, subprocess.Popen):
        status = second.wait()
        result = status if status >= 0 else 128 - status
    elif second.filename == target:
        result = 1
    else:
        result = {FileNotFoundError: 127, PermissionError: 126}.get(type(second), 1)
    if isinstance(first, subprocess.Popen):
        first.wait()
    return result


sys.exit(main())
