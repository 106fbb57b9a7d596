import os
import select
import socket
import struct
import sys
from socket import SOL_SOCKET


def attempt(call, work):
    try:
        return work()
    except OSError as error:
        sys.exit(f"{call}: {os.strerror(error.errno)}")


def get(sock, option, *size):
    return attempt("getsockopt", lambda: sock.getsockopt(SOL_SOCKET, option, *size))


def put(sock, option, value):
    attempt("setsockopt", lambda: sock.setsockopt(SOL_SOCKET, option, value))


size = 10000
if len(sys.argv) > 1:
    if len(sys.argv) > 2 or not sys.argv[1].isdecimal() or not 1 <= int(sys.argv[1]) < 2**31:
        sys.exit("usage: sockopt_report [BYTES]")
    size = int(sys.argv[1])
stream = attempt("socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0))
datagram = attempt("socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 0))
print("stream SO_TYPE:", get(stream, socket.SO_TYPE))
print("datagram SO_TYPE:", get(datagram, socket.SO_TYPE))
for sock, name in (stream, "SO_REUSEADDR"), (stream, "SO_KEEPALIVE"), (datagram, "SO_BROADCAST"):
    option = getattr(socket, name)
    print(f"{name} before:", get(sock, option))
    put(sock, option, 1)
    print(f"{name} after:", get(sock, option))
print("SO_LINGER before:", *struct.unpack("ii", get(stream, socket.SO_LINGER, 8)))
put(stream, socket.SO_LINGER, struct.pack("ii", 1, 5))
print("SO_LINGER after:", *struct.unpack("ii", get(stream, socket.SO_LINGER, 8)))
for name in "SO_RCVBUF", "SO_SNDBUF":
    option = getattr(socket, name)
    print(f"{name} before:", get(stream, option))
    print(f"{name} asked:", size)
    put(stream, option, size)
    print(f"{name} after:", get(stream, option))
stream.close()
datagram.close()
with attempt("socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0)) as caller:
    caller.setblocking(False)
    try:
        caller.connect(("127.0.0.1", 9009))
    except BlockingIOError:
        pass
    except OSError as error:
        sys.exit(f"connect: {os.strerror(error.errno)}")
    select.select([], [caller], [])
    error = get(caller, socket.SO_ERROR)
    print(f"SO_ERROR: {error} ({os.strerror(error) if error else 'no error'})")
    print("SO_ERROR again:", get(caller, socket.SO_ERROR))
