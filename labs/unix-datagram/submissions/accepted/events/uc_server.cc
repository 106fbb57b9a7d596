// uc_server in C++: epoll over the socket and a signalfd.
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace {
const char *const place = "/tmp/uc_srv_socket";

int wrong(const char *call)
{
    std::perror((std::string(call) + " error").c_str());
    return 1;
}

void answer(int s)
{
    char text[10];
    sockaddr_un from{};
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(s, text, sizeof text, MSG_DONTWAIT, reinterpret_cast<sockaddr *>(&from), &size);
    if (n < 0) {
        if (errno != EINTR && errno != EAGAIN)
            wrong("recvfrom");
        return;
    }
    std::printf("server received %zd bytes from %s\n", n, size > sizeof(sa_family_t) ? from.sun_path : "");
    std::fflush(stdout);
    std::string upper;
    for (ssize_t i = 0; i < n; i++)
        upper += static_cast<char>(std::toupper(static_cast<unsigned char>(text[i])));
    if (sendto(s, upper.data(), upper.size(), 0, reinterpret_cast<sockaddr *>(&from), size) < 0)
        wrong("sendto");
}
}

int main()
{
    struct stat about;
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (s < 0)
        return wrong("socket");
    if (lstat(place, &about) == 0 && S_ISSOCK(about.st_mode))
        unlink(place);
    sockaddr_un me{};
    me.sun_family = AF_UNIX;
    std::strcpy(me.sun_path, place);
    if (bind(s, reinterpret_cast<sockaddr *>(&me), sizeof me) < 0)
        return wrong("bind");
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    int signals = signalfd(-1, &ends, 0), queue = epoll_create1(0);
    for (int fd : {s, signals}) {
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        wanted.data.fd = fd;
        epoll_ctl(queue, EPOLL_CTL_ADD, fd, &wanted);
    }
    for (;;) {
        epoll_event came{};
        if (epoll_wait(queue, &came, 1, 2000) <= 0)
            continue;
        if (came.data.fd == signals)
            break;
        answer(s);
    }
    unlink(place);
}
