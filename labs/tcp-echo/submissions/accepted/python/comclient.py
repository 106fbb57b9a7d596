"""Send one line to the echo server and show what comes back."""

import socket
import sys

PORT = 12345


def fail(call, error):
    print(f"client - {call}() error: {error.strerror}", file=sys.stderr)
    sys.exit(1)


def reach(host):
    """A socket connected to the first address of host that answers."""
    try:
        found = socket.getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        fail("getaddrinfo", error)
    call = trouble = None
    for family, kind, protocol, _, address in found:
        try:
            server = socket.socket(family, kind, protocol)
        except OSError as error:
            call, trouble = "socket", error
            continue
        print("client - socket() is OK.")
        try:
            server.connect(address)
        except OSError as error:
            server.close()
            call, trouble = "connect", error
            continue
        return server
    fail(call, trouble)


def main():
    if len(sys.argv) != 2:
        print("Usage: ./comclient <Server_name or Server_IP_address>")
        sys.exit(1)
    host = sys.argv[1]
    with reach(host) as server:
        print("client - connect() is OK.")
        print("connect() completed successfully.")
        print(f"Connection with {host} using port {PORT} established!")
        print("Enter message to be sent to server:")
        line = sys.stdin.buffer.readline()
        if not line:
            sys.exit("client - no line to send")
        message = line.rstrip(b"\n") + b"\0"
        try:
            server.sendall(message)
        except OSError as error:
            fail("send", error)
        print("client - send() is OK.")
        print(f"{len(message)} bytes sent.")
        echo = b""
        try:
            while len(echo) < len(message):
                piece = server.recv(len(message) - len(echo))
                if not piece:
                    sys.exit("client - recv() error: the server closed too early")
                echo += piece
        except OSError as error:
            fail("recv", error)
        print("client - recv() is OK.")
        text = echo.rstrip(b"\0").decode("utf-8", "surrogateescape")
        print(
            f'The sent message: "{text}" successfully received by server and echoed back to client!'
        )
        print(f"{len(echo)} bytes received.")


sys.stdout.reconfigure(errors="surrogateescape")
main()
