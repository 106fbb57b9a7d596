/* Ways out over the network. */
#include "attack.h"

static int call(int kind, const char *host, int port)
{
    int s = socket(AF_INET, kind | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_aton(host, &at.sin_addr);
    if (connect(s, (void *)&at, sizeof at) < 0 && errno != EINPROGRESS)
        return -1;
    struct pollfd ready = {s, POLLOUT, 0};
    int error = 0;
    socklen_t length = sizeof error;
    if (poll(&ready, 1, 300) != 1 || getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error)
        return -1;
    return s;
}
static void outside(char **a)
{
    refused("1.1.1.1 by TCP", call(SOCK_STREAM, "1.1.1.1", 80));
    refused("192.168.0.1 by TCP", call(SOCK_STREAM, "192.168.0.1", 80));
    refused("169.254.169.254", call(SOCK_STREAM, "169.254.169.254", 80));
}
static void outside_datagrams(char **a)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53)};
    inet_aton("8.8.8.8", &at.sin_addr);
    refused("8.8.8.8 by sendto", sendto(s, "x", 1, 0, (void *)&at, sizeof at));
    refused("8.8.8.8 by connect", connect(s, (void *)&at, sizeof at));
    struct iovec part = {"x", 1};
    struct msghdr message = {&at, sizeof at, &part, 1};
    refused("8.8.8.8 by sendmsg", sendmsg(s, &message, 0));
    struct mmsghdr messages = {message, 0};
    refused("8.8.8.8 by sendmmsg", sendmmsg(s, &messages, 1, 0));
    int six = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    inet_pton(AF_INET6, "::ffff:8.8.8.8", &at6.sin6_addr);
    refused("::ffff:8.8.8.8", sendto(six, "x", 1, 0, (void *)&at6, sizeof at6));
}
static void host_service(char **a) { refused("a service of the host", call(SOCK_STREAM, "127.0.0.1", atoi(a[0]))); }
static void host_socket(char **a)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path + 1, a[0]);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    refused("an abstract socket of the host", connect(s, (void *)&at, sizeof(sa_family_t) + 1 + strlen(a[0])));
}
static void system_bus(char **a)
{
    const char *paths[] = {"/run/dbus/system_bus_socket", "/var/run/docker.sock", "/run/systemd/private",
                           "/run/systemd/journal/socket", "/tmp/.X11-unix/X0", 0};
    for (const char **path = paths; *path; path++) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        strcpy(at.sun_path, *path);
        refused(*path, connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&at, sizeof at));
    }
}
static struct sockaddr_in in4(const char *host, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_aton(host, &at.sin_addr);
    return at;
}
static void host_service_roundabout(char **a)
{
    struct sockaddr_in at = in4("127.0.0.1", atoi(a[0])), any = in4("0.0.0.0", 0);
    struct iovec part = {"GET\n", 4};
    struct mmsghdr two[2] = {{{&at, sizeof at, &part, 1}}, {{&at, sizeof at, &part, 1}}};
    refused("two messages", sendmmsg(socket(AF_INET, SOCK_STREAM, 0), two, 2, MSG_FASTOPEN));
    refused("one message", sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, (void *)&at, sizeof at));
    bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&at, sizeof at);
    refused("after a bind that failed", call(SOCK_STREAM, "127.0.0.1", atoi(a[0])));
    bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&any, sizeof any);
    refused("after a bind to port 0", call(SOCK_STREAM, "127.0.0.1", atoi(a[0])));
    refused("by address 0.0.0.0", call(SOCK_STREAM, "0.0.0.0", atoi(a[0])));
}
static volatile int flipping = 1;
static struct sockaddr_in flip;
static void *flipper(void *ports)
{
    while (flipping)
        flip.sin_port = ((int *)ports)[0], flip.sin_port = ((int *)ports)[1];
    return 0;
}
static void host_service_raced(char **a)
{
    int ports[] = {htons(atoi(a[0])), htons(7778)}, own = socket(AF_INET, SOCK_STREAM, 0);
    flip = in4("127.0.0.1", 7778);
    bind(own, (void *)&flip, sizeof flip), listen(own, 200);
    pthread_t thread;
    pthread_create(&thread, 0, flipper, ports);
    for (int n = 0; n < 60; n++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in peer = {0};
        socklen_t length = sizeof peer;
        connect(s, (void *)&flip, sizeof flip);
        if (getpeername(s, (void *)&peer, &length) == 0 && peer.sin_port == ports[0])
            got("a service of the host");
        close(s);
    }
    flipping = 0, pthread_join(thread, 0);
}
static void host_datagrams(char **a)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = in4("192.0.2.77", 53);
    unsigned char route[] = {131, 7, 4, 192, 0, 2, 78, 0};
    at.sin_family = AF_UNSPEC;
    refused("by an unspecified family", sendto(s, "x", 1, 0, (void *)&at, sizeof at));
    at.sin_family = AF_INET;
    struct iovec part = {"x", 1};
    struct mmsghdr two[2] = {{{&at, sizeof at, &part, 1}}, {{&at, sizeof at, &part, 1}}};
    refused("two messages", sendmmsg(s, two, 2, 0));
    setsockopt(s, IPPROTO_IP, IP_OPTIONS, route, sizeof route);
    setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5);
    refused("by another device", sendto(s, "x", 1, 0, (void *)&at, sizeof at));
}
static void low_ports(char **a)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(80)};
    refused("port 80", bind(s, (void *)&at, sizeof at));
}

ATTACKS({"outside", outside}, {"outside-datagrams", outside_datagrams}, {"host-service", host_service},
        {"host-socket", host_socket}, {"system-bus", system_bus}, {"low-ports", low_ports},
        {"host-service-roundabout", host_service_roundabout}, {"host-service-raced", host_service_raced},
        {"host-datagrams", host_datagrams})
