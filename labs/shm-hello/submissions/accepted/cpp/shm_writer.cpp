// shm_writer in C++: the attachment detaches itself.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <sys/shm.h>
#include <sys/stat.h>

class Attached {
    void *memory;

public:
    explicit Attached(int id) : memory(shmat(id, nullptr, 0))
    {
        if (memory == reinterpret_cast<void *>(-1))
            throw std::runtime_error(std::string("shmat: ") + strerror(errno));
    }
    void detach()
    {
        if (shmdt(memory) < 0)
            throw std::runtime_error(std::string("shmdt: ") + strerror(errno));
    }
    char *bytes() { return static_cast<char *>(memory); }
};

int main()
{
    try {
        int id = shmget(100, 1024, IPC_CREAT | S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
        if (id < 0)
            throw std::runtime_error(std::string("shmget: ") + strerror(errno));
        const std::string text = "Hello";
        Attached segment(id);
        std::copy_n(text.c_str(), text.size() + 1, segment.bytes());
        segment.detach();
    } catch (const std::exception &wrong) {
        std::cerr << wrong.what() << std::endl;
        return 1;
    }
    return 0;
}
