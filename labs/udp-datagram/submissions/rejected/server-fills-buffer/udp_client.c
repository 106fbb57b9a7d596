/* udp_client: sends one datagram to port 7000 of this machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 7000
#define TEXT "Mona Lisa was painted by Leonardo da Vinci"

int main(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd == -1) {
        fprintf(stderr, "socket failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Created a socket with fd: %d\n", fd);

    struct sockaddr_in there = {0};
    there.sin_family = AF_INET;
    there.sin_port = htons(PORT);
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ssize_t sent = sendto(fd, TEXT, strlen(TEXT) + 1, 0, (struct sockaddr *)&there, sizeof there);
    if (sent == -1) {
        fprintf(stderr, "sendto failed [%s]\n", strerror(errno));
        close(fd);
        return 1;
    }
    printf("Successfully sent data (len %zd bytes): %s\n", sent, TEXT);
    close(fd);
    return 0;
}
