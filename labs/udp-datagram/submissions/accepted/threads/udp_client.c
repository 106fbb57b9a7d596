/* udp_client: sendmsg(), in a static program. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
    char text[] = "Mona Lisa was painted by Leonardo da Vinci";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7000), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct iovec part = {text, sizeof text};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0) {
        fprintf(stderr, "socket failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Created a socket with fd: %d\n", s);
    ssize_t n = sendmsg(s, &message, 0);
    if (n < 0) {
        fprintf(stderr, "sendmsg failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Successfully sent data (len %d bytes): %s\n", (int)n, text);
    close(s);
    return 0;
}
