/* server [N]: the grader's own server. Echoes one message on each of N connections (1) and says on standard error how
   many bytes came and whether the last was a NUL. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    int rounds = argc > 1 ? atoi(argv[1]) : 1, yes = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in me = {.sin_family = AF_INET, .sin_port = htons(12345)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&me, sizeof me) < 0 || listen(listener, 5) < 0) {
        perror("model server");
        return 1;
    }
    for (int i = 0; i < rounds; i++) {
        int client = accept(listener, NULL, NULL);
        /* A client that never sends its NUL still gets what it sent back, a second later. */
        struct timeval second = {.tv_sec = 1};
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
        char text[4096];
        size_t have = 0;
        while (have < sizeof text && memchr(text, 0, have) == NULL) {
            ssize_t got = recv(client, text + have, sizeof text - have, 0);
            if (got <= 0)
                break;
            have += got;
        }
        fprintf(stderr, "received %zu bytes%s\n", have, have > 0 && text[have - 1] == 0 ? " with NUL" : "");
        if (have > 0)
            send(client, text, have, MSG_NOSIGNAL);
        /* Whoever closes first has the TIME_WAIT. It must not be on the server's port: not every student sets
           SO_REUSEADDR, and the core tier does not ask for it. */
        while (recv(client, text, sizeof text, 0) > 0)
            ;
        close(client);
    }
    close(listener);
    return 0;
}
