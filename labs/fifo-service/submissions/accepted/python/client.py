import os
import sys

PLACE = "/tmp/fifo.requests"


def send(line):
    try:
        fd = os.open(PLACE, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        sys.exit(f"{PLACE}: {error.strerror}")
    os.write(fd, line)


if len(sys.argv) == 1:
    send(b"stop\n")
elif len(sys.argv) == 2 and len(sys.argv[1]) < 900:
    own = f"/tmp/fifo.{os.getpid()}"
    try:
        os.mkfifo(own, 0o622)
    except OSError as error:
        sys.exit(f"{own}: {error.strerror}")
    try:
        send(f"{os.getpid()} {sys.argv[1]}\n".encode())
        with open(own) as answers:
            print(answers.read(), end="")
    finally:
        os.unlink(own)
else:
    sys.exit("client.py [TEXT]")
