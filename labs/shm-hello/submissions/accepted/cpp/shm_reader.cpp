// shm_reader in C++.
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <sys/shm.h>

static bool failed(long result, const char *call)
{
    if (result == -1)
        std::perror(call);
    return result == -1;
}

int main()
{
    shmid_ds status{};
    int id = shmget(100, 0, 0);
    if (failed(id, "shmget") || failed(shmctl(id, IPC_STAT, &status), "shmctl"))
        return 1;
    const void *memory = shmat(id, nullptr, SHM_RDONLY);
    if (failed(reinterpret_cast<long>(memory), "shmat"))
        return 1;
    const char *bytes = static_cast<const char *>(memory);
    std::cout << std::string(bytes, strnlen(bytes, status.shm_segsz)) << std::endl;
    if (failed(shmdt(memory), "shmdt") || failed(shmctl(id, IPC_RMID, nullptr), "shmctl"))
        return 1;
}
