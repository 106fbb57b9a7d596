"""Takes the records of one client and says how long each is."""

import os
import signal
import socket
import stat
import sys

PATH = "/tmp/sp_srv_socket"
REC_LEN = 16


def serve(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    number = 0
    while True:
        record, credentials, flags, _ = client.recvmsg(REC_LEN, socket.CMSG_SPACE(12))
        if not record and not credentials:
            break
        number += 1
        answer = f"{len(record)} bytes"
        if flags & socket.MSG_TRUNC:
            answer += ", cut"
        sys.stdout.buffer.write(f"record {number}: {answer}: ".encode() + record + b"\n")
        sys.stdout.flush()
        try:
            client.send(answer.encode())
        except OSError as error:
            print(f"send error: {error.strerror}", file=sys.stderr)
    print(f"end after {number} records")


def stop(number, frame):
    sys.exit("stopped")


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
step = "socket"
try:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        step = "bind"
        if os.path.lexists(PATH) and stat.S_ISSOCK(os.lstat(PATH).st_mode):
            os.unlink(PATH)
        listener.bind(PATH)
        try:
            step = "listen"
            listener.listen(1)
            step = "accept"
            client, _ = listener.accept()
            step = "recvmsg"
            with client:
                serve(client)
        finally:
            os.unlink(PATH)
except OSError as error:
    sys.exit(f"{step} error: {error.strerror}")
