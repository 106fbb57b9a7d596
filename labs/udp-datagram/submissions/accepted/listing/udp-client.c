/* Question 7, the sender, with the calls and in the order of the book. */
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <netdb.h>

#define DATA "Mona Lisa was painted by Leonardo da Vinci"

int main()
{
    struct sockaddr_in to;
    struct hostent *h;
    int sd, n;

    sd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (sd == -1) {
        fprintf(stderr, "socket failed [%s]\n", strerror(errno));
        return -1;
    }
    printf("Created a socket with fd: %d\n", sd);

    to.sin_family = AF_INET;
    to.sin_port = htons(7000);
    h = gethostbyname("127.0.0.1");
    to.sin_addr = *((struct in_addr *)h->h_addr);

    n = sendto(sd, DATA, strlen(DATA) + 1, 0, (struct sockaddr *)&to, sizeof(struct sockaddr_in));
    if (n != -1) {
        printf("Successfully sent data (len %d bytes): %s\n", n, DATA);
    } else {
        printf("sendto() failed [%s]\n", strerror(errno));
    }
    close(sd);
    return 0;
}
