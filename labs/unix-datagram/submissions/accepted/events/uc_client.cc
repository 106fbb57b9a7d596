// uc_client in C++: a guard removes the socket file.
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct Own {
    sockaddr_un address{};
    Own()
    {
        address.sun_family = AF_UNIX;
        std::snprintf(address.sun_path, sizeof address.sun_path, "/tmp/uc_cli_socket.%d", static_cast<int>(getpid()));
    }
    ~Own() { unlink(address.sun_path); }
};

static int wrong(const char *call)
{
    std::perror((std::string(call) + " error").c_str());
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        std::cerr << "Usage: " << argv[0] << " MSG...\n";
        return 1;
    }
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (s < 0)
        return wrong("socket");
    Own own;
    if (bind(s, reinterpret_cast<sockaddr *>(&own.address), sizeof own.address) < 0)
        return wrong("bind");
    sockaddr_un server{};
    server.sun_family = AF_UNIX;
    std::strcpy(server.sun_path, "/tmp/uc_srv_socket");
    timeval patience{5, 0};
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (int i = 1; i < argc; i++) {
        std::string text(argv[i]), reply(10, '\0');
        if (sendto(s, text.data(), text.size(), 0, reinterpret_cast<sockaddr *>(&server), sizeof server) < 0)
            return wrong("sendto");
        ssize_t n = recv(s, &reply[0], reply.size(), 0);
        if (n < 0)
            return wrong("recv");
        std::cout.write(reply.data(), n) << '\n';
    }
    close(s);
}
