/* Connects a datagram socket, so that write(2) does, and sends the sentence with its NUL. */
#include "datagram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char sentence[] = "Mona Lisa was painted by Leonardo da Vinci";

int main(void)
{
    struct addrinfo *there;
    const int fd = datagram_socket("127.0.0.1", &there);
    if (fd < 0)
        return EXIT_FAILURE;
    const int rc = connect(fd, there->ai_addr, there->ai_addrlen);
    freeaddrinfo(there);
    if (rc < 0)
        return give_up("connect", fd);

    ssize_t length;
    while ((length = write(fd, sentence, sizeof sentence)) < 0)
        if (errno != EINTR)
            return give_up("write", fd);
    printf("Successfully sent data (len %zd bytes): %s\n", length, sentence);
    close(fd);
    return EXIT_SUCCESS;
}
