"""What shutdown 0, 1 and 2 do to a connection."""

import socket
import sys

step = "usage"


def connected():
    global step
    step = "getaddrinfo"
    family, kind, protocol, _, address = socket.getaddrinfo(*where, type=socket.SOCK_STREAM)[0]
    step = "socket"
    connection = socket.socket(family, kind, protocol)
    step = "connect"
    connection.connect(address)
    return connection


def end(connection, how):
    global step
    step = "shutdown"
    connection.shutdown(how)


def receive(connection):
    global step
    step = "recv"
    return b"".join(iter(lambda: connection.recv(4096), b""))


def put(connection, text):
    global step
    step = "send"
    return connection.send(text)


def refused(connection, how):
    try:
        put(connection, b"more")
    except BrokenPipeError as error:
        print(f"shutdown {how}: send: {error.strerror}")
    else:
        sys.exit("send error: it went all the same")


if len(sys.argv) != 3:
    sys.exit("usage: half_close HOST PORT")
try:
    where = (sys.argv[1], int(sys.argv[2]))
    if not 1 <= where[1] <= 65535:
        raise ValueError
except ValueError:
    sys.exit(f"half_close: {sys.argv[2]} is no port")
try:
    with connected() as connection:
        end(connection, socket.SHUT_RD)
        print(f"shutdown 0: received {len(receive(connection))} bytes")
        print(f"shutdown 0: sent {put(connection, b'still here')} bytes")
    with connected() as connection:
        print(f"shutdown 1: sent {put(connection, b'question')} bytes")
        end(connection, socket.SHUT_WR)
        refused(connection, 1)
        answer = receive(connection)
        print(f"shutdown 1: received {len(answer)} bytes: {answer.decode(errors='replace')}")
    with connected() as connection:
        end(connection, socket.SHUT_RDWR)
        refused(connection, 2)
        print(f"shutdown 2: received {len(receive(connection))} bytes")
except OSError as error:
    sys.exit(f"{step} error: {error.strerror}")
