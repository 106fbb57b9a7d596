/* Waits for one datagram and shows it. Everything goes through plain read(2): the sender's address is not needed. */
#include "datagram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 5000 };

int main(void)
{
    struct addrinfo *here;
    const int fd = datagram_socket(NULL, &here);
    if (fd < 0)
        return EXIT_FAILURE;
    const int rc = bind(fd, here->ai_addr, here->ai_addrlen);
    freeaddrinfo(here);
    if (rc < 0)
        return give_up("bind", fd);
    puts("Let us wait for a remote client to send some data");

    /* one more than asked for, so that there is always room for the terminator */
    char *text = calloc(1, ROOM + 1);
    if (text == NULL)
        return give_up("calloc", fd);
    ssize_t length;
    while ((length = read(fd, text, ROOM)) < 0) {
        if (errno != EINTR) {
            free(text);
            return give_up("read", fd);
        }
    }
    printf("Received data (len %zd bytes): %s\n", length, text);
    free(text);
    close(fd);
    return EXIT_SUCCESS;
}
