/* udp_client: connects its socket, and writes two pieces as one datagram. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char first[] = "Mona Lisa was painted by ", second[] = "Leonardo da Vinci";

static int failed(const char *what)
{
    fprintf(stderr, "%s failed [%s]\n", what, strerror(errno));
    return 1;
}

int main(void)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0)
        return failed("socket");
    printf("Created a socket with fd: %d\n", s);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7000)};
    inet_aton("127.0.0.1", &to.sin_addr);
    if (connect(s, (void *)&to, sizeof to))
        return failed("connect");
    struct iovec parts[2] = {{first, strlen(first)}, {second, sizeof second}};
    ssize_t n = writev(s, parts, 2);
    if (n < 0)
        return failed("writev");
    printf("Successfully sent data (len %zd bytes): %s%s\n", n, first, second);
    return close(s);
}
