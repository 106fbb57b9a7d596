/* comclient: gethostbyname() for names, inet_pton() for addresses; sendmsg() and readv(). */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char line[1 << 16], echo[1 << 16];

int main(int argc, char *argv[])
{
    if (argc != 2) {
        printf("Usage: %s <Server_name or Server_IP_address>\n", argv[0]);
        exit(1);
    }
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(12345)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(12345)};
    int is_six = inet_pton(AF_INET6, argv[1], &six.sin6_addr) == 1;
    if (!is_six && inet_pton(AF_INET, argv[1], &four.sin_addr) != 1) {
        struct hostent *host = gethostbyname(argv[1]);
        if (!host) {
            fprintf(stderr, "client - gethostbyname() error: %s\n", hstrerror(h_errno));
            exit(1);
        }
        memcpy(&four.sin_addr, host->h_addr_list[0], sizeof four.sin_addr);
    }
    int s = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (s < 0) {
        perror("client - socket() error");
        exit(1);
    }
    printf("client - socket() is OK.\n");
    if (is_six ? connect(s, (void *)&six, sizeof six) : connect(s, (void *)&four, sizeof four)) {
        perror("client - connect() error");
        exit(1);
    }
    printf("client - connect() is OK.\n");
    printf("connect() completed successfully.\n");
    printf("Connection with %s using port %d established!\n", argv[1], 12345);
    printf("Enter message to be sent to server: \n");
    if (!fgets(line, sizeof line, stdin)) {
        fprintf(stderr, "client - fgets(): no line\n");
        exit(1);
    }
    char *newline = strchr(line, '\n');
    if (newline)
        *newline = 0;
    ssize_t size = strlen(line) + 1, done = 0, n;
    while (done < size) {
        struct iovec part = {line + done, size - done};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        n = sendmsg(s, &message, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            perror("client - send() error");
            exit(1);
        }
        done += n > 0 ? n : 0;
    }
    printf("client - send() is OK.\n%zd bytes sent.\n", done);
    for (done = 0; done < size;) {
        struct iovec parts[2] = {{echo + done, 1}, {echo + done + 1, size - done - 1}};
        n = readv(s, parts, 2);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR) {
            perror("client - recv() error");
            exit(1);
        }
        done += n > 0 ? n : 0;
    }
    if (done != size) {
        fprintf(stderr, "client - recv(): %zd of %zd bytes came back\n", done, size);
        exit(1);
    }
    printf("client - recv() is OK.\n");
    printf("The sent message: \"%s\" successfully received by server and echoed back to client!\n", echo);
    printf("%zd bytes received.\n", done);
    close(s);
    exit(0);
}
