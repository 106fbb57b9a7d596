import sys
import sysv

if len(sys.argv) != 2:
    sysv.die("usage: shm_remove SHMID")
shmid = sysv.number(sys.argv[1], 0, 2**31 - 1)
sysv.shmctl(shmid, sysv.IPC_RMID)
left = sysv.attached(shmid)
print(f"segment {shmid}: " + ("removed" if left is None else f"marked for removal, {left} attached"))
