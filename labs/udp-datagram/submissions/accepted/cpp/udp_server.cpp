// udp_server in C++: select() with a timeout, a vector for a buffer.
#include <cerrno>
#include <cstring>
#include <iostream>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

struct Socket {
    int fd;
    Socket() : fd(socket(AF_INET, SOCK_DGRAM, 0))
    {
        check(fd, "socket");
        std::cout << "Created a socket with fd: " << fd << std::endl;
    }
    ~Socket() { close(fd); }
    static long check(long result, const std::string &call)
    {
        if (result < 0)
            throw std::runtime_error(call + " failed [" + strerror(errno) + "]");
        return result;
    }
};

int main()
try {
    Socket s;
    sockaddr_in me{};
    me.sin_family = AF_INET;
    me.sin_port = htons(7000);
    Socket::check(bind(s.fd, reinterpret_cast<sockaddr *>(&me), sizeof me), "bind");
    std::cout << "Let us wait for a remote client to send some data" << std::endl;
    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(s.fd, &set);
        timeval second{1, 0};
        int ready = select(s.fd + 1, &set, nullptr, nullptr, &second);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        Socket::check(ready, "select");
        std::vector<char> data(5000);
        ssize_t n = recv(s.fd, data.data(), data.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        Socket::check(n, "recv");
        std::string text(data.data(), strnlen(data.data(), n));
        std::cout << "Received data (len " << n << " bytes): " << text << std::endl;
        return 0;
    }
} catch (const std::exception &wrong) {
    std::cerr << wrong.what() << std::endl;
    return 1;
}
