// comclient HOST in C++.
#include "net.hpp"
#include <iostream>
#include <memory>
#include <netdb.h>

static int connected(const char *host)
{
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    if (int wrong = ::getaddrinfo(host, "12345", &hints, &found))
        throw std::runtime_error(std::string(host) + ": " + gai_strerror(wrong));
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    std::string call = "socket";
    int error = 0;
    for (const addrinfo *one = all.get(); one; one = one->ai_next) {
        int fd = ::socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd < 0) {
            error = errno;
            continue;
        }
        if (one == all.get())
            std::cout << "client - socket() is OK." << std::endl;
        if (::connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            return fd;
        error = errno;
        call = "connect";
        ::close(fd);
    }
    throw failed(call, error);
}

static void talk(const char *host)
{
    descriptor server(connected(host));
    std::cout << "client - connect() is OK.\nconnect() completed successfully.\nConnection with " << host
              << " using port 12345 established!\nEnter message to be sent to server:" << std::endl;
    std::string line;
    if (!std::getline(std::cin, line))
        throw std::runtime_error("no message: end of input");
    line.push_back('\0');
    send_all(server.number(), line);
    std::cout << "client - send() is OK.\n" << line.size() << " bytes sent." << std::endl;
    std::string echo = receive_message(server.number());
    if (echo != line)
        throw std::runtime_error("recv(): the echo is not the message");
    std::cout << "client - recv() is OK.\nThe sent message: \"" << echo.c_str()
              << "\" successfully received by server and echoed back to client!\n"
              << echo.size() << " bytes received." << std::endl;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cout << "Usage: " << argv[0] << " <Server_name or Server_IP_address>" << std::endl;
        return 1;
    }
    try {
        talk(argv[1]);
    } catch (const std::exception &wrong) {
        std::cerr << "client - " << wrong.what() << std::endl;
        return 1;
    }
}
