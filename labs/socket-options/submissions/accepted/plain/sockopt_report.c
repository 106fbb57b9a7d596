#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/select.h>
#include <netinet/in.h>
#include <arpa/inet.h>

int main(int argc, char *argv[])
{
    int s, d, c, val, on = 1, bytes = 10000;
    socklen_t len = sizeof(val);
    struct linger lg;
    struct sockaddr_in addr;
    fd_set wr;

    if (argc > 1)
        bytes = atoi(argv[1]);
    if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0 || (d = socket(AF_INET, SOCK_DGRAM, 0)) < 0) {
        perror("socket() error");
        exit(1);
    }
    if (getsockopt(s, SOL_SOCKET, SO_TYPE, &val, &len) < 0) {
        perror("getsockopt() error");
        exit(1);
    }
    printf("stream SO_TYPE: %d\n", val);
    getsockopt(d, SOL_SOCKET, SO_TYPE, &val, &len);
    printf("datagram SO_TYPE: %d\n", val);

    getsockopt(s, SOL_SOCKET, SO_REUSEADDR, &val, &len);
    printf("SO_REUSEADDR before: %d\n", val);
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) {
        perror("setsockopt() error");
        exit(1);
    }
    getsockopt(s, SOL_SOCKET, SO_REUSEADDR, &val, &len);
    printf("SO_REUSEADDR after: %d\n", val);
    getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &val, &len);
    printf("SO_KEEPALIVE before: %d\n", val);
    setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &val, &len);
    printf("SO_KEEPALIVE after: %d\n", val);
    getsockopt(d, SOL_SOCKET, SO_BROADCAST, &val, &len);
    printf("SO_BROADCAST before: %d\n", val);
    setsockopt(d, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    getsockopt(d, SOL_SOCKET, SO_BROADCAST, &val, &len);
    printf("SO_BROADCAST after: %d\n", val);

    len = sizeof(lg);
    getsockopt(s, SOL_SOCKET, SO_LINGER, &lg, &len);
    printf("SO_LINGER before: %d %d\n", lg.l_onoff, lg.l_linger);
    lg.l_onoff = 1;
    lg.l_linger = 5;
    setsockopt(s, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
    len = sizeof(lg);
    getsockopt(s, SOL_SOCKET, SO_LINGER, &lg, &len);
    printf("SO_LINGER after: %d %d\n", lg.l_onoff, lg.l_linger);

    len = sizeof(val);
    getsockopt(s, SOL_SOCKET, SO_RCVBUF, &val, &len);
    printf("SO_RCVBUF before: %d\nSO_RCVBUF asked: %d\n", val, bytes);
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    getsockopt(s, SOL_SOCKET, SO_RCVBUF, &val, &len);
    printf("SO_RCVBUF after: %d\n", val);
    getsockopt(s, SOL_SOCKET, SO_SNDBUF, &val, &len);
    printf("SO_SNDBUF before: %d\nSO_SNDBUF asked: %d\n", val, bytes);
    setsockopt(s, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    getsockopt(s, SOL_SOCKET, SO_SNDBUF, &val, &len);
    printf("SO_SNDBUF after: %d\n", val);
    close(s);
    close(d);

    c = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(c, F_SETFL, O_NONBLOCK);
    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(9009);
    addr.sin_addr.s_addr = inet_addr("127.0.0.1");
    if (connect(c, (struct sockaddr *)&addr, sizeof(addr)) < 0 && errno != EINPROGRESS) {
        perror("connect() error");
        exit(1);
    }
    FD_ZERO(&wr);
    FD_SET(c, &wr);
    select(c + 1, NULL, &wr, NULL, NULL);
    getsockopt(c, SOL_SOCKET, SO_ERROR, &val, &len);
    printf("SO_ERROR: %d (%s)\n", val, val ? strerror(val) : "no error");
    getsockopt(c, SOL_SOCKET, SO_ERROR, &val, &len);
    printf("SO_ERROR again: %d\n", val);
    close(c);
    return 0;
}
