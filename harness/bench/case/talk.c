/* One of two that talk: by its argument it serves or connects, and a hundred short lines go there and back. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINES = 100, LENGTH = 6 };

int main(int argc, char **argv)
{
    char line[LENGTH] = "hello";
    int yes = 1, serves = argc > 1 && strcmp(argv[1], "serve") == 0;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(24680)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (serves) {
        setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(s, (struct sockaddr *)&at, sizeof at) < 0 || listen(s, 5) < 0)
            return 1;
        int client = accept(s, NULL, NULL);
        close(s);
        s = client;
    } else if (connect(s, (struct sockaddr *)&at, sizeof at) < 0)
        return 1;
    for (int i = 0; i < LINES; i++) {
        if (!serves && send(s, line, LENGTH, 0) != LENGTH)
            return 1;
        if (recv(s, line, LENGTH, MSG_WAITALL) != LENGTH)
            return 1;
        if (serves && send(s, line, LENGTH, 0) != LENGTH)
            return 1;
    }
    close(s);
    return 0;
}
