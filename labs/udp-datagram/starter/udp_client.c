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

    /* TODO: fill in a struct sockaddr_in with the address 127.0.0.1 and the port in network byte order. */

    /* TODO: send TEXT with its NUL in one datagram; print how many bytes sendto() has sent, and the text. */

    close(fd);
    return 0;
}
