import socket
import sys

call = "socket"
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        print("Created a socket with fd:", s.fileno())
        call = "bind"
        s.bind(("0.0.0.0", 7000))
        print("Let us wait for a remote client to send some data")
        call = "recvfrom"
        data, sender = s.recvfrom(5000)
        print(f"Received data (len {len(data)} bytes): {data.partition(bytes(1))[0].decode(errors='replace')}")
        print("It came from", *sender)
except OSError as error:
    sys.exit(f"{call} failed [{error.strerror}]")
