// What both programs need: a socket that closes itself, calls that throw, and select() before each step.
#pragma once
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

struct failed : std::runtime_error {
    failed(const std::string &call, int error) : std::runtime_error(call + "() error: " + std::strerror(error)) {}
};

class descriptor {
    int fd;

public:
    explicit descriptor(int number) : fd(number) {}
    descriptor(const descriptor &) = delete;
    descriptor &operator=(const descriptor &) = delete;
    ~descriptor()
    {
        if (fd >= 0)
            ::close(fd);
    }
    int number() const { return fd; }
};

// Waits, as long as it takes, until something can be read from the descriptor, or written to it.
inline void wait_for(int fd, bool to_write)
{
    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        int n = ::select(fd + 1, to_write ? nullptr : &set, to_write ? &set : nullptr, nullptr, nullptr);
        if (n > 0)
            return;
        if (n < 0 && errno != EINTR)
            throw failed("select", errno);
    }
}

inline void send_all(int fd, const std::string &data)
{
    for (std::size_t done = 0; done < data.size();) {
        wait_for(fd, true);
        ssize_t n = ::send(fd, data.data() + done, data.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            done += n;
        else if (errno != EINTR && errno != EAGAIN)
            throw failed("send", errno);
    }
}

// Up to its NUL, which is part of it, or to where the other side has no more.
inline std::string receive_message(int fd)
{
    std::string message;
    while (message.empty() || message.back() != '\0') {
        char piece[100];
        wait_for(fd, false);
        ssize_t n = ::recv(fd, piece, sizeof piece, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            throw failed("recv", errno);
        if (n == 0)
            break;
        message.append(piece, n);
    }
    return message;
}
