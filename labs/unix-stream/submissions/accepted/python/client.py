"""Sends each line of its input to the server and prints the replies."""

import os
import socket
import sys

path = sys.argv[1] if len(sys.argv) > 1 else "/tmp/us_srv_socket"
if len(os.fsencode(path)) > 107:
    sys.exit("us_client: path too long")
step = "socket"
try:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        step = "connect"
        sock.connect(path)
        replies = sock.makefile("rb")
        for line in sys.stdin.buffer:
            step = "send"
            sock.sendall(line.rstrip(b"\n") + b"\n")
            step = "recv"
            reply = replies.readline()
            if not reply.endswith(b"\n"):
                sys.exit("recv error: the server has gone")
            sys.stdout.buffer.write(reply)
            sys.stdout.flush()
except OSError as error:
    sys.exit(f"{step} error: {error.strerror}")
