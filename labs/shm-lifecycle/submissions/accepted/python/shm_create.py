import sys
import sysv

if len(sys.argv) != 4:
    sysv.die("usage: shm_create PATH ID SIZE")
_, path, ident, size = sys.argv
ident = sysv.number(ident, 1, 255)
size = sysv.number(size, 1, 1 << 40)
key = 0 if path == "-" else sysv.ftok(path, ident)
shmid = sysv.shmget(key, size, sysv.IPC_CREAT | sysv.IPC_EXCL | 0o640)
print(f"key: 0x{key & 0xffffffff:08x}")
print(f"shmid: {shmid}")
