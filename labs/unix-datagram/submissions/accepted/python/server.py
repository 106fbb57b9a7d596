"""Turns each datagram that it gets to upper case and sends it back."""

import os
import signal
import socket
import stat
import sys

PATH = "/tmp/uc_srv_socket"
MSG_LEN = 10


class Stop(Exception):
    """A signal asked the server to end."""


def stop(number, frame):
    raise Stop


def remove_stale(path):
    try:
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
    except FileNotFoundError:
        pass


def serve(sock):
    while True:
        message, sender = sock.recvfrom(MSG_LEN)
        print(f"server received {len(message)} bytes from {sender}", flush=True)
        try:
            sock.sendto(message.upper(), sender)  # bytes.upper knows ASCII only
        except (OSError, TypeError) as error:
            print(f"sendto error: {error}", file=sys.stderr)


def main():
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    step = "socket"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            step = "bind"
            remove_stale(PATH)
            sock.bind(PATH)
            try:
                serve(sock)
            except Stop:
                pass
            finally:
                os.unlink(PATH)
    except OSError as error:
        sys.exit(f"{step} error: {error.strerror}")


main()
