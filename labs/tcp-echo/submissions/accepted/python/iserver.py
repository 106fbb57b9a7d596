"""Echo one message on each of N connections, one after another."""

import socket
import sys

PORT = 12345
BUFFER = 100


def fail(call, error):
    print(f"Iserver - {call}() error: {error.strerror}", file=sys.stderr)
    sys.exit(1)


def converse(client):
    print("I am waiting client(s) to send message(s) to me...")
    message = b""
    try:
        while b"\0" not in message and len(message) < BUFFER:
            piece = client.recv(BUFFER - len(message))
            if not piece:
                break
            message += piece
    except OSError as error:
        print(f"Iserver - recv() error: {error.strerror}", file=sys.stderr)
        return
    if not message:
        print("Iserver - recv(): nothing came", file=sys.stderr)
        return
    text = message.split(b"\0")[0].decode("utf-8", "surrogateescape")
    print(f'The message from client: "{text}"')
    print("Echoing it back to client...")
    try:
        client.sendall(message)
        # Longer than the buffer: the rest goes back as it comes.
        while b"\0" not in message:
            message = client.recv(BUFFER)
            if not message:
                break
            client.sendall(message)
    except OSError as error:
        print(f"Iserver - send() error: {error.strerror}", file=sys.stderr)
        return
    print("Iserver - send() is OK.")


def main():
    rounds = 1
    if len(sys.argv) > 1:
        try:
            rounds = int(sys.argv[1])
        except ValueError:
            rounds = 0
        if rounds < 1:
            sys.exit(f"iserver: {sys.argv[1]!r} is not a number of clients")
    else:
        print("Usage: ./iserver <The_number_of_client_connection else 1 will be used>")

    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        fail("socket", error)
    with listener:
        print("Iserver - socket() is OK")
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        print("Binding the socket...")
        try:
            listener.bind(("", PORT))
        except OSError as error:
            fail("bind", error)
        print("Iserver - bind() is OK")
        try:
            listener.listen(5)
        except OSError as error:
            fail("listen", error)
        print("Iserver - listen() is OK")
        print("The Iserver is ready!")
        for i in range(1, rounds + 1):
            print(f"Iteration: #{i}")
            print(" waiting on accept()")
            try:
                client, _ = listener.accept()
            except OSError as error:
                fail("accept", error)
            print("accept() is OK and completed successfully!")
            with client:
                converse(client)


sys.stdout.reconfigure(errors="surrogateescape")
main()
