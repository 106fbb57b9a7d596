#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

int open_connection(char *host, int port)
{
    struct hostent *he;
    struct sockaddr_in addr;
    int sd;

    he = gethostbyname(host);
    if (he == NULL) {
        herror("gethostbyname() error");
        exit(1);
    }
    sd = socket(AF_INET, SOCK_STREAM, 0);
    if (sd == -1) {
        perror("socket() error");
        exit(1);
    }
    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    memcpy(&addr.sin_addr, he->h_addr, he->h_length);
    if (connect(sd, (struct sockaddr *)&addr, sizeof(addr)) == -1) {
        perror("connect() error");
        exit(1);
    }
    return sd;
}

int main(int argc, char *argv[])
{
    char buf[100];
    int sd, n;

    if (argc != 3) {
        printf("Usage: ./half_close HOST PORT\n");
        exit(1);
    }
    signal(SIGPIPE, SIG_IGN);

    sd = open_connection(argv[1], atoi(argv[2]));
    if (shutdown(sd, 0) == -1) {
        perror("shutdown() error");
        exit(1);
    }
    n = recv(sd, buf, 100, 0);
    printf("shutdown 0: received %d bytes\n", n);
    n = send(sd, "still here", 10, 0);
    printf("shutdown 0: sent %d bytes\n", n);
    close(sd);

    sd = open_connection(argv[1], atoi(argv[2]));
    n = send(sd, "question", 8, 0);
    printf("shutdown 1: sent %d bytes\n", n);
    if (shutdown(sd, 1) == -1) {
        perror("shutdown() error");
        exit(1);
    }
    n = send(sd, "more", 4, 0);
    if (n == -1)
        printf("shutdown 1: send: %s\n", strerror(errno));
    n = recv(sd, buf, 99, 0);
    if (n == -1) {
        perror("recv() error");
        exit(1);
    }
    buf[n] = '\0';
    printf("shutdown 1: received %d bytes: %s\n", n, buf);
    close(sd);

    sd = open_connection(argv[1], atoi(argv[2]));
    if (shutdown(sd, 2) == -1) {
        perror("shutdown() error");
        exit(1);
    }
    n = send(sd, "more", 4, 0);
    if (n == -1)
        printf("shutdown 2: send: %s\n", strerror(errno));
    n = recv(sd, buf, 100, 0);
    printf("shutdown 2: received %d bytes\n", n);
    close(sd);
    return 0;
}
