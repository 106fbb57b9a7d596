import ctypes
import signal

from sysv import *


def ended(*_):
    raise SystemExit(1)


def take(semaphores, buffer):
    out = 0
    while True:
        change(semaphores, FILLED, -1)
        change(semaphores, MUTEX, -1)
        number = buffer.number[out]
        change(semaphores, MUTEX, 1)
        change(semaphores, FREE, 1)
        if number == -1:
            return
        print(number, flush=True)
        out = (out + 1) % 4


signal.signal(signal.SIGTERM, ended)
signal.signal(signal.SIGINT, ended)
segment = call("shmget", KEY, ctypes.sizeof(Buffer), IPC_CREAT | IPC_EXCL | 0o666)
semaphores = None
try:
    buffer = attach(segment)
    semaphores = call("semget", KEY, 3, IPC_CREAT | IPC_EXCL | 0o666)
    for which, value in ((FREE, 4), (FILLED, 0), (MUTEX, 1)):
        call("semctl", semaphores, which, SETVAL, value)
    take(semaphores, buffer)
finally:
    if semaphores is not None:
        call("semctl", semaphores, 0, IPC_RMID)
    call("shmctl", segment, IPC_RMID, None)
