"""The other side of half_close: takes three connections, says what it got, and answers on the second.

    python3 other_side.py PORT
"""

import socket
import sys

listener = socket.create_server(("", int(sys.argv[1])))
for answer in (b"", b"answer", b""):
    connection, _ = listener.accept()
    with connection:
        got = b""
        while piece := connection.recv(4096):
            got += piece
        print(f"got {got!r}, and then the end", flush=True)
        connection.sendall(answer)
