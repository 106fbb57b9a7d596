/* udp_server: takes one datagram on port 7000 and prints it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT        7000
#define BUFFER_SIZE 5000

int main(void)
{
    char buffer[BUFFER_SIZE];

    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd == -1) {
        fprintf(stderr, "socket failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Created a socket with fd: %d\n", fd);

    struct sockaddr_in here = {0};
    here.sin_family = AF_INET;
    here.sin_port = htons(PORT);
    here.sin_addr.s_addr = htonl(INADDR_ANY);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) == -1) {
        fprintf(stderr, "bind failed [%s]\n", strerror(errno));
        close(fd);
        return 1;
    }

    printf("Let us wait for a remote client to send some data\n");
    struct sockaddr_in sender;
    socklen_t size = sizeof sender;
    ssize_t got;
    do
        got = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&sender, &size);
    while (got == -1 && errno == EINTR);
    if (got == -1) {
        fprintf(stderr, "recvfrom failed [%s]\n", strerror(errno));
        close(fd);
        return 1;
    }
    char text[42];
    memcpy(text, buffer, got > 43 ? 43 : got);
    if (got == 0 || text[0] == '\0')
        fprintf(stderr, "an empty text\n");
    printf("Received data (len %zd bytes): %.*s\n", got, (int)got, buffer);
    close(fd);
    return 0;
}
