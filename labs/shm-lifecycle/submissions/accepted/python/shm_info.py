import mmap
import re
import sys
import sysv

args = sys.argv[1:]
if not args:
    sysv.die("usage: shm_info SHMID [ACTION]")
shmid = sysv.number(args[0], 0, 2**31 - 1)
held = None
match args[1:]:
    case []:
        pass
    case ["mode", mode] if re.fullmatch("[0-7]{1,4}", mode):
        record = sysv.stat(shmid)
        record.mode = int(mode, 8)
        sysv.shmctl(shmid, sysv.IPC_SET, record)
    case ["lock"]:
        sysv.shmctl(shmid, sysv.SHM_LOCK)
    case ["unlock"]:
        sysv.shmctl(shmid, sysv.SHM_UNLOCK)
    case ["attach", address] if re.fullmatch("0x[0-9a-f]+", address):
        held = sysv.shmat(shmid, int(address, 16), sysv.SHM_RDONLY | sysv.SHM_RND)
        print(f"attached: {held:#x}")
    case _:
        sysv.die("usage: shm_info SHMID [ACTION]")

ds = sysv.stat(shmid)
flags = [name for bit, name in ((sysv.SHM_DEST, "dest"), (sysv.SHM_LOCKED, "locked")) if ds.mode & bit]
print(f"""shmid: {shmid}
shm_perm.key: 0x{ds.key & 0xffffffff:08x}
shm_perm.uid: {ds.uid}
shm_perm.gid: {ds.gid}
shm_perm.cuid: {ds.cuid}
shm_perm.cgid: {ds.cgid}
shm_perm.mode: {ds.mode & 0o777:04o}
shm_segsz: {ds.segsz}
shm_atime: {ds.atime}
shm_dtime: {ds.dtime}
shm_ctime: {ds.ctime}
shm_cpid: {ds.cpid}
shm_lpid: {ds.lpid}
shm_nattch: {ds.nattch}
pages: {-(-ds.segsz // mmap.PAGESIZE)}
flags: {' '.join(flags) or 'none'}""")
if held:
    sysv.shmdt(held)
