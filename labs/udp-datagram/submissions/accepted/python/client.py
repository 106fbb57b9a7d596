import socket
import sys

text = "Mona Lisa was painted by Leonardo da Vinci"
call = "socket"
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        print("Created a socket with fd:", s.fileno())
        call = "sendto"
        n = s.sendto(text.encode() + b"\0", ("127.0.0.1", 7000))
        print(f"Successfully sent data (len {n} bytes): {text}")
except OSError as error:
    sys.exit(f"{call} failed [{error.strerror}]")
