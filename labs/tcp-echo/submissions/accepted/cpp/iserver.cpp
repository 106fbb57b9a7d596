// iserver [N] in C++.
#include "net.hpp"
#include <iostream>
#include <netinet/in.h>

static void serve(int fd)
{
    std::cout << "I am waiting client(s) to send message(s) to me..." << std::endl;
    std::string message = receive_message(fd);
    if (message.empty())
        throw std::runtime_error("recv(): the client left without a message");
    std::cout << "The message from client: \"" << message.c_str() << "\"\nEchoing it back to client..." << std::endl;
    send_all(fd, message);
    std::cout << "Iserver - send() is OK." << std::endl;
}

static unsigned long count_of(const std::string &text)
{
    std::size_t used = 0;
    long n = std::stol(text, &used);
    if (used != text.size() || n < 1)
        throw std::invalid_argument(text);
    return n;
}

static void run(unsigned long clients)
{
    descriptor door(::socket(AF_INET, SOCK_STREAM, 0));
    if (door.number() < 0)
        throw failed("socket", errno);
    std::cout << "Iserver - socket() is OK\nBinding the socket..." << std::endl;
    int yes = 1;
    ::setsockopt(door.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(12345);
    here.sin_addr.s_addr = htonl(INADDR_ANY);
    if (::bind(door.number(), reinterpret_cast<sockaddr *>(&here), sizeof here) < 0)
        throw failed("bind", errno);
    std::cout << "Iserver - bind() is OK" << std::endl;
    if (::listen(door.number(), 8) < 0)
        throw failed("listen", errno);
    std::cout << "Iserver - listen() is OK\nThe Iserver is ready!" << std::endl;
    for (unsigned long n = 1; n <= clients;) {
        std::cout << "Iteration: #" << n << "\n waiting on accept()" << std::endl;
        int fd;
        do {
            wait_for(door.number(), false);
            fd = ::accept(door.number(), nullptr, nullptr);
        } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
        if (fd < 0)
            throw failed("accept", errno);
        descriptor client(fd);
        std::cout << "accept() is OK and completed successfully!" << std::endl;
        try {
            serve(fd);
        } catch (const std::runtime_error &wrong) {
            std::cerr << "Iserver - " << wrong.what() << std::endl;
        }
        ++n;
    }
}

int main(int argc, char **argv)
{
    unsigned long clients = 1;
    try {
        if (argc > 1)
            clients = count_of(argv[1]);
        else
            std::cout << "Usage: " << argv[0] << " <The_number_of_client_connection else 1 will be used>" << std::endl;
        run(clients);
    } catch (const std::logic_error &) {
        std::cerr << "Iserver - not a number of clients: " << argv[1] << std::endl;
        return 2;
    } catch (const std::runtime_error &wrong) {
        std::cerr << "Iserver - " << wrong.what() << std::endl;
        return 1;
    }
}
