// shm_reader in C++.
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <sys/shm.h>

int main()
{
    shmid_ds status{};
    int id = shmget(100, 0, 0);
    if (id < 0 || shmctl(id, IPC_STAT, &status) < 0) {
        std::perror("shmget");
        return 1;
    }
    const void *memory = shmat(id, nullptr, SHM_RDONLY);
    if (memory == reinterpret_cast<void *>(-1)) {
        std::perror("shmat");
        return 1;
    }
    const char *bytes = static_cast<const char *>(memory);
    std::cout << std::string(bytes, strnlen(bytes, status.shm_segsz)) << std::endl;
    if (shmdt(memory) < 0 || shmctl(id, IPC_RMID, nullptr) < 0) {
        std::perror("shmdt, shmctl");
        return 1;
    }
}
