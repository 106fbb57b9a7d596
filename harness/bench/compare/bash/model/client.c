/* client ADDRESS TEXT: the grader's own client. Sends the text with its NUL and says how many bytes came back and
   whether they are the same. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 3)
        return 2;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(12345)};
    inet_pton(AF_INET, argv[1], &to.sin_addr);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("model client");
        return 1;
    }
    struct timeval patience = {.tv_sec = 2};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    size_t size = strlen(argv[2]) + 1, have = 0;
    send(fd, argv[2], size, MSG_NOSIGNAL);
    char echo[4096];
    ssize_t got;
    while ((got = recv(fd, echo + have, sizeof echo - have, 0)) > 0)
        have += got;
    printf("%zu bytes came back, %s\n", have, have == size && memcmp(echo, argv[2], size) == 0 ? "the same" : "not the same");
    /* Hanging up with a reset keeps the server's port out of TIME_WAIT. */
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    return 0;
}
