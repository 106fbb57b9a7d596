import ctypes

import sysv

shmid = sysv.shmget(sysv.KEY, sysv.SIZE, sysv.IPC_CREAT | 0o644)
address = sysv.shmat(shmid)
ctypes.memmove(address, b"Hello\0", 6)
sysv.shmdt(address)
