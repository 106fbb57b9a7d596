import ipaddress
import socket
import sys

if len(sys.argv) != 2:
    sys.exit("usage: lookup NAME_OR_ADDRESS")
asked = sys.argv[1]
try:
    try:
        address = str(ipaddress.ip_address(asked))
    except ValueError:
        found = socket.getaddrinfo(asked, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
        name = found[0][3] or asked
        print(f"name: {name}")
        if name != asked:
            print(f"alias: {asked}")
        for address in dict.fromkeys(entry[4][0] for entry in found):
            print(f"address: {address}")
    else:
        name, _ = socket.getnameinfo((address, 0), socket.NI_NAMEREQD)
        print(f"name: {name}")
        print(f"address: {address}")
except socket.gaierror as error:
    sys.exit(f"{asked}: {error.strerror}")
