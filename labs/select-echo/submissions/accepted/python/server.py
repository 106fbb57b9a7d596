import errno
import os
import select
import signal
import socket
import sys


def die(text):
    print(text, file=sys.stderr)
    sys.exit(1)


how, args = sys.argv[1], sys.argv[2:]
if len(args) != 1 or not args[0].isascii() or not args[0].isdigit() or not 1 <= int(args[0]) <= 65535:
    die(f"usage: {how}_server PORT")
port = int(args[0])

call = "socket"
try:
    listener = socket.socket()
    call = "setsockopt"
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    call = "bind"
    listener.bind(("", port))
    call = "listen"
    listener.listen(64)
except OSError as error:
    die(f"{call}: {os.strerror(error.errno)}")

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
print(f"listening on port {port}", flush=True)
listener.setblocking(False)
clients = {}  # descriptor -> (socket, what it is still to get)
poller = select.poll()


def wait():
    """The descriptors that can go on."""
    reading = [listener.fileno()] + [fd for fd, (_, rest) in clients.items() if not rest]
    writing = [fd for fd, (_, rest) in clients.items() if rest]
    if how == "select":
        readable, writable, _ = select.select(reading, writing, [])
        return readable + writable
    for fd in reading:
        poller.register(fd, select.POLLIN)
    for fd in writing:
        poller.register(fd, select.POLLOUT)
    return [fd for fd, _ in poller.poll()]


def drop(fd):
    if how == "poll":
        poller.unregister(fd)
    clients.pop(fd)[0].close()


def serve(fd):
    client, rest = clients[fd]
    try:
        rest = rest or client.recv(65536)
        if not rest:
            return drop(fd)
        clients[fd] = client, rest[client.send(rest):]
    except BlockingIOError:
        clients[fd] = client, rest
    except OSError:
        drop(fd)


while True:
    for fd in wait():
        if fd in clients:
            serve(fd)
            continue
        try:
            client, _ = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            continue
        if how == "select" and client.fileno() >= 1024:
            client.close()
            continue
        client.setblocking(False)
        clients[client.fileno()] = client, b""
