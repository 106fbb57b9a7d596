"""Sends back in upper case what each client sends."""

import os
import signal
import socket
import stat
import sys

path = sys.argv[1] if len(sys.argv) > 1 else "/tmp/us_srv_socket"
count = 0


class Stop(Exception):
    """A signal asked the server to end."""


def stop(number, frame):
    raise Stop


def serve(connection):
    """Returns how many bytes came."""
    received = 0
    try:
        while data := connection.recv(4096):
            received += len(data)
            connection.sendall(data.upper())  # bytes.upper knows ASCII only
    except OSError as error:
        print(f"connection error: {error.strerror}", file=sys.stderr)
    return received


signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
step = "socket"
try:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        step = "bind"
        if os.path.lexists(path) and stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
        if len(os.fsencode(path)) > 107:
            sys.exit("bind error: path too long")
        listener.bind(path)
        try:
            step = "listen"
            listener.listen()
            step = "accept"
            while True:
                with listener.accept()[0] as connection:
                    received = serve(connection)
                    count += 1
                    print(f"client {count}: {received} bytes", flush=True)
        except Stop:
            pass
        finally:
            os.unlink(path)
except OSError as error:
    sys.exit(f"{step} error: {error.strerror or error}")
