import os
import signal
import sys

PLACE = "/tmp/fifo.requests"


def main():
    try:
        os.mkfifo(PLACE)
    except FileExistsError:
        pass
    except OSError as error:
        sys.exit(f"{PLACE}: {error.strerror}")
    os.chmod(PLACE, 0o622)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        with open(os.open(PLACE, os.O_RDWR), "rb", buffering=0) as requests:
            serve(requests)
    finally:
        os.unlink(PLACE)


def serve(requests):
    rest = b""
    while True:
        *lines, rest = (rest + requests.read(4096)).split(b"\n")
        for line in lines:
            if line == b"stop":
                return
            client, blank, text = line.partition(b" ")
            if not (client.isdigit() and blank):
                continue
            try:
                fd = os.open(b"/tmp/fifo." + client, os.O_WRONLY)
            except OSError:
                continue
            with open(fd, "wb") as answers:
                answers.write(b"echo: " + text + b"\n")


main()
