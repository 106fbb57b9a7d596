"""Sends each argument as a datagram and prints each answer."""

import os
import socket
import sys

SERVER = "/tmp/uc_srv_socket"
MSG_LEN = 10

if len(sys.argv) < 2:
    sys.exit("usage: uc_client MSG...")

own = f"/tmp/uc_cli_socket.{os.getpid()}"
step = "socket"
try:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        step = "bind"
        sock.bind(own)
        try:
            for argument in sys.argv[1:]:
                step = "sendto"
                sock.sendto(os.fsencode(argument)[:MSG_LEN], SERVER)
                step = "recvfrom"
                reply, _ = sock.recvfrom(MSG_LEN)
                sys.stdout.buffer.write(reply + b"\n")
                sys.stdout.flush()
        finally:
            os.unlink(own)
except OSError as error:
    sys.exit(f"{step} error: {error.strerror}")
