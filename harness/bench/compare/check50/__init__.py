"""Grades iserver and comclient in the current folder: checks for check50.

    CHECK50_WORKERS=1 check50 --dev FOLDER_OF_THIS_FILE

The port is fixed, so that checks must not run at the same time: one worker. Every check depends on the build alone, so
that one failure hides no other; the pair depends on a check more, which makes it the last one: after it the port may be
in TIME_WAIT, and not every student sets SO_REUSEADDR. Everywhere else our clients hang up with a reset and our server
lets the client close first. Standard output and error are one stream to check50; where they matter apart, the error
goes to a file.
"""

import inspect
import os
import pathlib
import socket
import struct
import time

import check50
import pexpect

PORT = 12345
PATIENCE = 3
MESSAGE = "This is a test message from a stupid client lol!"

BANNER = [
    "Iserver - socket() is OK",
    "Binding the socket...",
    "Iserver - bind() is OK",
    "Iserver - listen() is OK",
    "The Iserver is ready!",
]


def served(number, text):
    return [
        f"Iteration: #{number}",
        " waiting on accept()",
        "accept() is OK and completed successfully!",
        "I am waiting client(s) to send message(s) to me...",
        f'The message from client: "{text}"',
        "Echoing it back to client...",
        "Iserver - send() is OK.",
    ]


started = []


def start(command):
    """check50.run(), with whatever is still running stopped after the check.

    Without the trap the terminal's hang-up would end what a program leaves behind before it can be seen.
    """
    program = check50.run(f"trap '' HUP; exec {command}")
    started.append(program)
    return program


def stops_all(check):
    """Ends what a check has started, also when it has failed: check50's own after_check only runs when it has passed."""

    def wrapper(before):
        try:
            check(before) if inspect.signature(check).parameters else check()
            return before
        finally:
            while started:
                started.pop().kill()

    wrapper.__name__, wrapper.__doc__ = check.__name__, check.__doc__
    return wrapper


def prints(program, *texts):
    for text in texts:
        program.stdout(text, regex=False, timeout=PATIENCE)


def rest_of(program):
    """Everything that it prints until it ends."""
    return program.stdout(timeout=PATIENCE)


def fails(program):
    if program.exitcode == 0:
        raise check50.Failure("expected an exit status that is not 0")


def listens():
    rows = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{PORT:04X}") and row.split()[3] == "0A" for row in rows)


def wait_until_listening():
    end = time.monotonic() + PATIENCE
    while not listens():
        if time.monotonic() > end:
            raise check50.Failure(f"nobody listens on port {PORT}")
        time.sleep(0.01)


def ask(text, address="127.0.0.1"):
    """What the student's server sends back for the text and its NUL. Hangs up with a reset, for the port's sake."""
    data = b""
    try:
        with socket.create_connection((address, PORT), timeout=PATIENCE) as connection:
            connection.sendall(text.encode() + b"\0")
            try:
                while piece := connection.recv(4096):
                    data += piece
            except socket.timeout:
                pass
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError as error:
        raise check50.Failure(f"could not talk to the server: {error}")
    return data


def echoes(text, address="127.0.0.1"):
    echo = ask(text, address)
    if echo != text.encode() + b"\0":
        raise check50.Mismatch(repr(text + "\0"), repr(echo.decode(errors="replace")))


def listener():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", PORT))
    server.listen(5)
    server.settimeout(PATIENCE)
    return server


def take_message(server, text):
    """The student's client's connection, once it has sent the text and its NUL and nothing else."""
    try:
        connection, _ = server.accept()
    except socket.timeout:
        raise check50.Failure("the client did not connect")
    connection.settimeout(1)
    data = b""
    try:
        while b"\0" not in data and (piece := connection.recv(4096)):
            data += piece
    except OSError:
        pass
    if data != text.encode() + b"\0":
        connection.close()
        raise check50.Mismatch(repr(text + "\0"), repr(data.decode(errors="replace")))
    return connection


def give_back(connection, text):
    """Sends the echo and waits for the client to close: whoever closes first has the TIME_WAIT."""
    try:
        connection.sendall(text.encode() + b"\0")
        while connection.recv(4096):
            pass
    except OSError:
        pass


def left():
    names = set()
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            name = comm.read_text().strip()
        except OSError:
            continue
        if name in ("iserver", "comclient"):
            names.add(f"process {name} {comm.parent.name}")
    segments = {row for kind in ("shm", "sem", "msg") for row in pathlib.Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]}
    return names | set(os.listdir("/tmp")) | segments | ({"a listening port"} if listens() else set())


@check50.check()
def build():
    """builds"""
    # What is returned is handed to the checks that depend on this one, and on by them.
    before = left()
    if check50.run("make -s iserver comclient").exit(timeout=60) != 0:
        raise check50.Failure("does not build")
    return before


@check50.check(build)
@stops_all
def server_ready():
    """the server binds port 12345, listens and says so"""
    server = start("./iserver")
    wait_until_listening()
    prints(server, *BANNER)


@check50.check(build)
@stops_all
def echo_one():
    """the server echoes one message"""
    server = start("./iserver")
    wait_until_listening()
    echoes(MESSAGE)
    prints(server, "Usage: ./iserver <The_number_of_client_connection else 1 will be used>", *BANNER, *served(1, MESSAGE))
    server.exit(0, timeout=PATIENCE)


@check50.check(build)
@stops_all
def serves_two():
    """iserver 2 serves two clients, and a third is refused"""
    server = start("./iserver 2")
    wait_until_listening()
    echoes("Test message #1")
    echoes("Test message #2")
    output = rest_of(server)
    at = 0
    for text in [*BANNER, *served(1, "Test message #1"), *served(2, "Test message #2")]:
        found = output.find(text, at)
        if found < 0:
            raise check50.Missing(text, output)
        at = found + len(text)
    if "Usage: ./iserver <The_number_of_client_connection" in output:
        raise check50.Failure("the usage line is only for a run without N")
    if server.exitcode != 0:
        raise check50.Failure(f"expected exit code 0, not {server.exitcode}")
    try:
        socket.create_connection(("127.0.0.1", PORT), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return
    raise check50.Failure("a third client was not refused")


@check50.check(build)
@stops_all
def any_address():
    """the server can be reached at another address"""
    start("./iserver 1")
    wait_until_listening()
    echoes("by another address", "127.0.0.2")


@check50.check(build)
@stops_all
def port_taken():
    """the server says so and stops when the port is taken"""
    with listener():
        server = start("./iserver 1 2>errors.txt")
        output = rest_of(server)
    complaint = pathlib.Path("errors.txt").read_text(errors="replace")
    if "Iserver - bind() error" not in complaint:
        raise check50.Missing("Iserver - bind() error", complaint)
    if "Iserver - bind() is OK" in output:
        raise check50.Failure("says that bind() is OK")
    fails(server)


@check50.check(build)
@stops_all
def client_talks():
    """the client sends a line and prints the echo"""
    with listener() as server:
        client = start("./comclient localhost").stdin(MESSAGE, prompt=False)
        with take_message(server, MESSAGE) as connection:
            # What has not been sent back yet cannot have been received.
            try:
                client.process.expect_exact("bytes received.", timeout=0.3)
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF:
                raise check50.Failure("ended without waiting for the echo")
            else:
                raise check50.Failure("claims to have received what was not sent back yet")
            give_back(connection, MESSAGE)
        output = rest_of(client)
    at = 0
    for text in [
        "client - socket() is OK.",
        "client - connect() is OK.",
        "connect() completed successfully.",
        "Connection with localhost using port 12345 established!",
        "client - send() is OK.",
        "49 bytes sent.",
        "client - recv() is OK.",
        f'The sent message: "{MESSAGE}" successfully received by server and echoed back to client!',
        "49 bytes received.",
    ]:
        found = output.find(text, at)
        if found < 0:
            raise check50.Missing(text, output)
        at = found + len(text)
    if "Enter message to be sent to server:" not in output:
        raise check50.Missing("Enter message to be sent to server:", output)
    if client.exitcode != 0:
        raise check50.Failure(f"expected exit code 0, not {client.exitcode}")


@check50.check(build)
@stops_all
def client_other_line():
    """the client sends whatever line it is given"""
    with listener() as server:
        client = start("./comclient localhost").stdin("Test message #1", prompt=False)
        with take_message(server, "Test message #1") as connection:
            give_back(connection, "Test message #1")
        prints(
            client,
            "16 bytes sent.",
            'The sent message: "Test message #1" successfully received by server and echoed back to client!',
            "16 bytes received.",
        )


@check50.check(build)
@stops_all
def nobody_listens():
    """the client says so and stops when nobody listens"""
    client = start("./comclient localhost 2>errors.txt").stdin("is anybody there?", prompt=False)
    output = rest_of(client)
    complaint = pathlib.Path("errors.txt").read_text(errors="replace")
    if "client - connect() error" not in complaint:
        raise check50.Missing("client - connect() error", complaint)
    if "client - connect() is OK." in output:
        raise check50.Failure("says that connect() is OK")
    fails(client)


@check50.check(build)
@stops_all
def client_usage():
    """the client explains itself when it gets no argument"""
    client = start("./comclient 2>errors.txt").stdin("no argument", prompt=False)
    output = rest_of(client)
    if "Usage: ./comclient <Server_name or Server_IP_address>" not in output:
        raise check50.Missing("Usage: ./comclient <Server_name or Server_IP_address>", output)
    fails(client)


@check50.check(echo_one)
@stops_all
def own_pair(before):
    """client and server talk to each other and leave nothing behind"""
    server = start("./iserver")
    wait_until_listening()
    client = start("./comclient localhost").stdin("from me to me", prompt=False)
    prints(
        client,
        'The sent message: "from me to me" successfully received by server and echoed back to client!',
        "14 bytes received.",
    )
    prints(server, 'The message from client: "from me to me"', "Iserver - send() is OK.")
    client.exit(0, timeout=PATIENCE)
    server.exit(0, timeout=PATIENCE)
    if behind := left() - before:
        raise check50.Failure(f"left behind: {', '.join(sorted(behind))}")
