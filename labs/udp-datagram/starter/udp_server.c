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
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd == -1) {
        fprintf(stderr, "socket failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Created a socket with fd: %d\n", fd);

    /* TODO: fill in a struct sockaddr_in (family, every address, the port in network byte order) and bind the
       socket to it. Look at what bind() returns. */

    printf("Let us wait for a remote client to send some data\n");

    /* TODO: receive one datagram into a buffer of BUFFER_SIZE bytes; print how many bytes came, and the text. */

    close(fd);
    return 0;
}
