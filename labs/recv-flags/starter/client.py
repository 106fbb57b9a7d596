"""A client of peek_server: each argument is a message, a single sign that is no letter or digit an urgent byte.

    python3 client.py 'Hello, world' '!' bye
"""

import socket
import sys

with socket.create_connection(("127.0.0.1", 7100)) as connection:
    answers = connection.makefile()
    for argument in sys.argv[1:]:
        text = argument.encode()
        if len(text) == 1 and not argument.isalnum():
            connection.send(text, socket.MSG_OOB)
        else:
            connection.sendall(b"%04d" % len(text) + text)
        print(answers.readline(), end="", flush=True)
