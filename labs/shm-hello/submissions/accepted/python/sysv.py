"""The four System V shared memory calls, which Python's library does not have."""

import ctypes
import os

IPC_CREAT = 0o1000
IPC_RMID = 0
IPC_STAT = 2
SHM_RDONLY = 0o10000

KEY = 100
SIZE = 1024

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
_libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
_libc.shmat.restype = ctypes.c_void_p
_libc.shmdt.argtypes = [ctypes.c_void_p]
_libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]

_FAILED = ctypes.c_void_p(-1).value


def _check(name, result, failed=-1):
    if result == failed:
        number = ctypes.get_errno()
        raise SystemExit(f"{name}: {os.strerror(number)}")
    return result


def shmget(key, size, flags):
    return _check("shmget", _libc.shmget(key, size, flags))


def shmat(shmid, flags=0):
    return _check("shmat", _libc.shmat(shmid, None, flags), _FAILED)


def shmdt(address):
    _check("shmdt", _libc.shmdt(address))


def segment_size(shmid):
    # struct shmid_ds of a 64-bit Linux: shm_segsz stands behind the 48 bytes of struct ipc_perm.
    record = ctypes.create_string_buffer(256)
    _check("shmctl", _libc.shmctl(shmid, IPC_STAT, record))
    return int.from_bytes(record.raw[48:56], "little")


def remove(shmid):
    _check("shmctl", _libc.shmctl(shmid, IPC_RMID, None))
