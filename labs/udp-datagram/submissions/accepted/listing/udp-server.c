/* Question 7, the receiver, with the calls and in the order of the book. */
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <netinet/in.h>

#define ROOM 5000

int main()
{
    struct sockaddr_in mine, theirs;
    int sd, n;
    char data[ROOM];
    socklen_t theirlen;

    sd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (sd == -1) {
        fprintf(stderr, "socket failed [%s]\n", strerror(errno));
        return -1;
    }
    printf("Created a socket with fd: %d\n", sd);

    mine.sin_family = AF_INET;
    mine.sin_port = htons(7000);
    mine.sin_addr.s_addr = INADDR_ANY;

    n = bind(sd, (struct sockaddr *)&mine, sizeof(struct sockaddr_in));
    if (n != 0) {
        fprintf(stderr, "bind failed [%s]\n", strerror(errno));
        close(sd);
        return -1;
    }

    printf("Let us wait for a remote client to send some data\n");
    theirlen = sizeof(theirs);
    n = recvfrom(sd, data, ROOM, 0, (struct sockaddr *)&theirs, &theirlen);
    if (n != -1) {
        printf("Received data (len %d bytes): %s\n", n, data);
    } else {
        printf("recvfrom() failed [%s]\n", strerror(errno));
    }
    close(sd);
    return 0;
}
