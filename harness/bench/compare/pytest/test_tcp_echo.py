"""Grades iserver and comclient in the folder $SUBMISSION: pytest, with pexpect for the programs and sockets for peers.

Nothing here sleeps to let something happen: what is awaited is looked for, with PATIENCE as the limit. Port 12345 must not
be left in TIME_WAIT, since not every student sets SO_REUSEADDR, and the core tier does not ask for it. So our clients
hang up with a reset, our server lets the client close first, and the one test that has no peer of ours comes last.
"""

import os
import pathlib
import socket
import struct
import subprocess
import time

import pexpect
import pytest

FOLDER = pathlib.Path(os.environ["SUBMISSION"])
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


class Program:
    """A student's program on a terminal of its own, its standard error in a file."""

    def __init__(self, command):
        self.errors = FOLDER / "errors.txt"
        self.child = pexpect.spawn(
            "/bin/sh",
            ["-c", f"exec {command} 2>errors.txt"],
            cwd=FOLDER,
            echo=False,
            timeout=PATIENCE,
            encoding="utf-8",
            codec_errors="replace",
            # Otherwise the terminal's hang-up ends what a program leaves behind before it can be seen.
            ignore_sighup=True,
        )
        self.output = ""

    def prints(self, *texts):
        """Waits for each text, one after the other."""
        for text in texts:
            try:
                self.child.expect_exact(text)
            except (pexpect.EOF, pexpect.TIMEOUT):
                pytest.fail(f"did not print {text!r}, but {self.output + self.child.before!r}")
            self.output += self.child.before + self.child.after

    def types(self, line):
        try:
            self.child.sendline(line)
        except OSError:
            pass  # it has ended already; its exit status is looked at

    def ends(self):
        """Its exit status."""
        try:
            self.child.expect(pexpect.EOF)
        except pexpect.TIMEOUT:
            pytest.fail(f"did not end within {PATIENCE} s")
        self.output += self.child.before
        self.child.close()
        assert self.child.signalstatus is None, f"was killed by signal {self.child.signalstatus}"
        return self.child.exitstatus

    def complaint(self):
        return self.errors.read_text(errors="replace")

    def stop(self):
        self.child.close(force=True)


@pytest.fixture(scope="session", autouse=True)
def before():
    """What was there before any of the programs ran."""
    return left()


@pytest.fixture(scope="session", autouse=True)
def built(before):
    made = subprocess.run(["make", "-s", "iserver", "comclient"], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    if made.returncode != 0:
        pytest.exit(f"does not build: {made.stderr}", returncode=1)


@pytest.fixture
def run():
    """Starts programs; what still runs afterwards is stopped."""
    running = []

    def start(command):
        running.append(Program(command))
        return running[-1]

    yield start
    for program in running:
        program.stop()


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("", PORT))
        server.listen(5)
        server.settimeout(PATIENCE)
        yield server


def listens():
    """Whether somebody listens on the port. Read from the kernel: a connect() to find out would use up an accept()."""
    rows = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{PORT:04X}") and row.split()[3] == "0A" for row in rows)


def wait_until_listening():
    end = time.monotonic() + PATIENCE
    while not listens():
        assert time.monotonic() < end, f"nobody listens on port {PORT}"
        time.sleep(0.01)


def everything(connection):
    data = b""
    try:
        while piece := connection.recv(4096):
            data += piece
    except socket.timeout:
        pass
    return data


def hang_up(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def ask(text, address="127.0.0.1"):
    """What the student's server sends back for the text and its NUL, to the end of the connection."""
    connection = socket.create_connection((address, PORT), timeout=PATIENCE)
    try:
        connection.sendall(text.encode() + b"\0")
        return everything(connection)
    finally:
        hang_up(connection)


def take_message(listener):
    """The student's client's connection, and what it sends until a NUL comes or nothing more does."""
    connection, _ = listener.accept()
    connection.settimeout(1)
    data = b""
    try:
        while b"\0" not in data and (piece := connection.recv(4096)):
            data += piece
    except socket.timeout:
        pass
    return connection, data


def give_back(connection, data):
    """Sends the echo and waits for the client to close: whoever closes first has the TIME_WAIT."""
    connection.sendall(data)
    everything(connection)
    connection.close()


def left():
    """What a program could leave behind."""
    names = set()
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            name = comm.read_text().strip()
        except OSError:
            continue
        if name in ("iserver", "comclient"):
            names.add(f"process {name} {comm.parent.name}")
    segments = {row for kind in ("shm", "sem", "msg") for row in pathlib.Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]}
    return names | set(os.listdir("/tmp")) | segments | ({"listening port"} if listens() else set())


def test_server_ready(run):
    server = run("./iserver")
    wait_until_listening()
    server.prints(*BANNER)


def test_echo_one(run):
    server = run("./iserver")
    wait_until_listening()
    assert ask(MESSAGE) == MESSAGE.encode() + b"\0"
    server.prints("Usage: ./iserver <The_number_of_client_connection else 1 will be used>", *BANNER, *served(1, MESSAGE))
    assert server.ends() == 0


def test_serves_two(run):
    server = run("./iserver 2")
    wait_until_listening()
    assert ask("Test message #1") == b"Test message #1\0"
    assert ask("Test message #2") == b"Test message #2\0"
    server.prints(*BANNER, *served(1, "Test message #1"), *served(2, "Test message #2"))
    assert server.ends() == 0
    assert "Usage: ./iserver <The_number_of_client_connection" not in server.output
    with pytest.raises(ConnectionRefusedError):
        ask("Test message #3")


def test_any_address(run):
    run("./iserver 1")
    wait_until_listening()
    assert ask("by another address", "127.0.0.2") == b"by another address\0"


def test_port_taken(run, listener):
    server = run("./iserver 1")
    assert server.ends() != 0
    assert "Iserver - bind() is OK" not in server.output
    assert "Iserver - bind() error" in server.complaint()


def test_client_talks(run, listener):
    client = run("./comclient localhost")
    client.types(MESSAGE)
    connection, data = take_message(listener)
    assert data == MESSAGE.encode() + b"\0"
    # What has not been sent back yet cannot have been received.
    with pytest.raises(pexpect.TIMEOUT):
        client.child.expect_exact("bytes received.", timeout=0.3)
    give_back(connection, data)
    client.prints(
        "client - socket() is OK.",
        "client - connect() is OK.",
        "connect() completed successfully.",
        "Connection with localhost using port 12345 established!",
        "client - send() is OK.",
        "49 bytes sent.",
        "client - recv() is OK.",
        f'The sent message: "{MESSAGE}" successfully received by server and echoed back to client!',
        "49 bytes received.",
    )
    assert client.ends() == 0
    assert "Enter message to be sent to server:" in client.output


def test_client_other_line(run, listener):
    client = run("./comclient localhost")
    client.types("Test message #1")
    connection, data = take_message(listener)
    assert data == b"Test message #1\0"
    give_back(connection, data)
    client.prints(
        "16 bytes sent.",
        'The sent message: "Test message #1" successfully received by server and echoed back to client!',
        "16 bytes received.",
    )


def test_nobody_listens(run):
    client = run("./comclient localhost")
    client.types("is anybody there?")
    assert client.ends() != 0
    assert "client - connect() is OK." not in client.output
    assert "client - connect() error" in client.complaint()


def test_client_usage(run):
    client = run("./comclient")
    client.types("no argument")
    client.prints("Usage: ./comclient <Server_name or Server_IP_address>")
    assert client.ends() != 0


def test_own_pair(run, before):
    server = run("./iserver")
    wait_until_listening()
    client = run("./comclient localhost")
    client.types("from me to me")
    client.prints(
        'The sent message: "from me to me" successfully received by server and echoed back to client!',
        "14 bytes received.",
    )
    server.prints('The message from client: "from me to me"', "Iserver - send() is OK.")
    assert client.ends() == 0
    assert server.ends() == 0
    assert left() - before == set()
