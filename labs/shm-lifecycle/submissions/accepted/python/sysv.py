"""System V shared memory, which Python's library does not have."""

import ctypes
import os
import sys

IPC_CREAT, IPC_EXCL = 0o1000, 0o2000
IPC_RMID, IPC_SET, IPC_STAT = 0, 1, 2
SHM_LOCK, SHM_UNLOCK = 11, 12
SHM_RDONLY, SHM_RND = 0o10000, 0o20000
SHM_DEST, SHM_LOCKED = 0o1000, 0o2000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
_libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
_libc.shmat.restype = ctypes.c_void_p
_libc.shmdt.argtypes = [ctypes.c_void_p]
_libc.ftok.argtypes = [ctypes.c_char_p, ctypes.c_int]


class Record(ctypes.Structure):
    """struct shmid_ds of a 64-bit Linux."""

    _fields_ = [
        ("key", ctypes.c_int), ("uid", ctypes.c_uint), ("gid", ctypes.c_uint),
        ("cuid", ctypes.c_uint), ("cgid", ctypes.c_uint), ("mode", ctypes.c_uint),
        ("seq", ctypes.c_ushort), ("pad", ctypes.c_ushort), ("spare", ctypes.c_ulong * 2),
        ("segsz", ctypes.c_size_t), ("atime", ctypes.c_long), ("dtime", ctypes.c_long),
        ("ctime", ctypes.c_long), ("cpid", ctypes.c_int), ("lpid", ctypes.c_int),
        ("nattch", ctypes.c_ulong), ("rest", ctypes.c_ulong * 2),
    ]


def die(text):
    print(text, file=sys.stderr)
    sys.exit(1)


def checked(name, result):
    if result in (-1, ctypes.c_void_p(-1).value):
        die(f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def ftok(path, number):
    return checked("ftok", _libc.ftok(os.fsencode(path), number))


def shmget(key, size, flags):
    return checked("shmget", _libc.shmget(key, size, flags))


def shmat(shmid, address, flags):
    return checked("shmat", _libc.shmat(shmid, address, flags))


def shmdt(address):
    checked("shmdt", _libc.shmdt(address))


def shmctl(shmid, command, record=None):
    checked("shmctl", _libc.shmctl(shmid, command, ctypes.byref(record) if record else None))


def stat(shmid):
    record = Record()
    shmctl(shmid, IPC_STAT, record)
    return record


def attached(shmid):
    """How many attachments a removed segment still has; None: it is gone."""
    record = Record()
    gone = _libc.shmctl(shmid, IPC_STAT, ctypes.byref(record)) == -1
    return None if gone else record.nattch


def number(text, low, high):
    if not text.isdecimal() or not low <= int(text) <= high:
        die(f"{text!r} is no number from {low} to {high}")
    return int(text)
