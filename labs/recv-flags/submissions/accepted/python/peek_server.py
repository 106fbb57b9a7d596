"""One client on port 7100, with the flags of recv."""

import select
import socket
import sys

DIGITS = 4


def say(*parts):
    sys.stdout.buffer.write(b"".join(parts) + b"\n")
    sys.stdout.flush()


def answer(client, text):
    try:
        client.sendall(text + b"\n")
    except OSError as error:
        print(f"send error: {error.strerror}", file=sys.stderr)


def take_urgent(client, timeout):
    poll = select.poll()
    poll.register(client, select.POLLIN | select.POLLPRI)
    events = poll.poll(timeout)
    if not (events and events[0][1] & select.POLLPRI):
        return False
    say(b"urgent: ", client.recv(1, socket.MSG_OOB))
    answer(client, b"urgent")
    return True


def serve(client):
    while True:
        while take_urgent(client, None):
            pass
        digits = client.recv(DIGITS, socket.MSG_PEEK | socket.MSG_WAITALL)
        if not digits:
            return
        if len(digits) < DIGITS or not digits.isdigit():
            sys.exit(f"recv error: {digits!r} is no length")
        say(b"peeked: ", digits)
        length = DIGITS + int(digits)
        message = b""
        while len(message) < length:
            more = client.recv(length - len(message), socket.MSG_WAITALL)
            if not more:
                break
            message += more
            if len(message) < length:
                take_urgent(client, 0)
        text = message[DIGITS:]
        count = b"%d of %d" % (len(text), length - DIGITS)
        say(b"message: ", count, b" bytes: ", text)
        answer(client, count)


step = "socket"
try:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        step = "bind"
        listener.bind(("", 7100))
        step = "listen"
        listener.listen(1)
        step = "accept"
        client, _ = listener.accept()
        step = "recv"
        with client:
            serve(client)
except OSError as error:
    sys.exit(f"{step} error: {error.strerror}")
say(b"end")
