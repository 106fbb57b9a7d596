import ctypes
import errno
import os
import signal
import sys

IPC_PRIVATE, IPC_CREAT, IPC_RMID, SETVAL = 0, 0o1000, 0, 16
SEM_UNDO = 0x1000

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmdt.argtypes = [ctypes.c_void_p]


class SemBuf(ctypes.Structure):
    _fields_ = [("num", ctypes.c_ushort), ("op", ctypes.c_short), ("flags", ctypes.c_short)]


class Failed(Exception):
    pass


def call(name, *args, failed=-1):
    result = getattr(libc, name)(*args)
    if result == failed:
        raise Failed(f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def change(semaphores, by):
    operation = SemBuf(0, by, SEM_UNDO)
    while libc.semop(semaphores, ctypes.byref(operation), 1) == -1:
        if ctypes.get_errno() != errno.EINTR:
            raise Failed(f"semop: {os.strerror(ctypes.get_errno())}")


def worker(address, semaphores, times):
    counter = ctypes.c_int.from_address(address)
    try:
        for _ in range(times):
            change(semaphores, -1)
            counter.value += 1
            change(semaphores, 1)
    except Failed as why:
        print(why, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


class Told(Exception):
    pass


def told(*_):
    raise Told()


def count(workers, times):
    segment = semaphores = None
    alive = set()
    good = True
    signal.signal(signal.SIGTERM, told)
    try:
        segment = call("shmget", IPC_PRIVATE, 4, IPC_CREAT | 0o600)
        address = call("shmat", segment, None, 0, failed=ctypes.c_void_p(-1).value)
        semaphores = call("semget", IPC_PRIVATE, 1, IPC_CREAT | 0o600)
        call("semctl", semaphores, 0, SETVAL, 1)
        for _ in range(workers):
            try:
                pid = os.fork()
            except OSError as why:
                raise Failed(f"fork: {os.strerror(why.errno)}")
            if pid == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                worker(address, semaphores, times)
            alive.add(pid)
        while alive:
            pid, status = os.wait()
            alive.discard(pid)
            good = good and status == 0
        total = ctypes.c_int.from_address(address).value
        call("shmdt", address)
        return total if good else None
    except Failed as why:
        print(why, file=sys.stderr, flush=True)
    except Told:
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for _ in alive:
            os.wait()
        if semaphores is not None:
            call("semctl", semaphores, 0, IPC_RMID)
        if segment is not None:
            call("shmctl", segment, IPC_RMID, None)
    return None


def number(word, most):
    if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= most:
        raise SystemExit(f"{word}: not a number from 1 to {most}")
    return int(word)


if len(sys.argv) != 3:
    raise SystemExit("usage: shm_counter NPROC NITER")
total = count(number(sys.argv[1], 16), number(sys.argv[2], 100000))
if total is None:
    raise SystemExit(1)
print("counter:", total)
