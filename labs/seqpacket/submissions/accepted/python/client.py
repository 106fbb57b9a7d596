"""Sends each argument as one record and prints the answers."""

import os
import socket
import sys

if len(sys.argv) < 2:
    sys.exit("usage: sp_client RECORD...")
step = "socket"
try:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        step = "connect"
        sock.connect("/tmp/sp_srv_socket")
        for argument in sys.argv[1:]:
            step = "send"
            sock.send(os.fsencode(argument))
            step = "recv"
            answer = sock.recv(100)
            if not answer:
                sys.exit("recv error: the server has ended")
            print(answer.decode(), flush=True)
except OSError as error:
    sys.exit(f"{step} error: {error.strerror}")
