// udp_client in C++.
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

int main()
{
    const std::string text = "Mona Lisa was painted by Leonardo da Vinci";
    const int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0) {
        std::cerr << "socket failed [" << strerror(errno) << "]\n";
        return 1;
    }
    std::cout << "Created a socket with fd: " << s << '\n';
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(7000);
    to.sin_addr.s_addr = inet_addr("127.0.0.1");
    const auto n = sendto(s, text.c_str(), text.size() + 1, 0, reinterpret_cast<sockaddr *>(&to), sizeof to);
    if (n < 0) {
        std::cerr << "sendto failed [" << strerror(errno) << "]\n";
        close(s);
        return 1;
    }
    std::cout << "Successfully sent data (len " << n << " bytes): " << text << '\n';
    close(s);
}
