/* comclient: the connection is two FILEs, and SIGALRM ends a wait that is too long. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int die(const char *what)
{
    fprintf(stderr, "client - %s error: %s\n", what, strerror(errno));
    return 1;
}

int main(int argc, char *argv[])
{
    char line[4096];
    struct addrinfo hints, *list, *a;
    int fd = -1, wrong;
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        printf("Usage: %s <Server_name or Server_IP_address>\n", argv[0]);
        return 1;
    }
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if ((wrong = getaddrinfo(argv[1], "12345", &hints, &list)) != 0) {
        fprintf(stderr, "client - getaddrinfo(): %s\n", gai_strerror(wrong));
        return 1;
    }
    a = list;
    if ((fd = socket(a->ai_family, SOCK_STREAM, 0)) == -1)
        return die("socket()");
    printf("client - socket() is OK.\n");
    if (connect(fd, a->ai_addr, a->ai_addrlen) == -1)
        return die("connect()");
    freeaddrinfo(list);
    printf("client - connect() is OK.\n");
    printf("connect() completed successfully.\n");
    printf("Connection with %s using port %d established!\n", argv[1], 12345);
    printf("Enter message to be sent to server:\n");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL) {
        fprintf(stderr, "client - nothing to send\n");
        return 1;
    }
    line[strcspn(line, "\n")] = 0;
    size_t size = strlen(line) + 1;
    FILE *to = fdopen(dup(fd), "w"), *from = fdopen(fd, "r");
    if (to == NULL || from == NULL)
        return die("fdopen()");
    fwrite(line, 1, size, to);
    while (fflush(to) != 0) {
        if (errno != EINTR)
            return die("send()");
        clearerr(to);
    }
    printf("client - send() is OK.\n");
    printf("%zu bytes sent.\n", size);
    alarm(20);
    char *echo = NULL;
    size_t room = 0;
    ssize_t got;
    while ((got = getdelim(&echo, &room, '\0', from)) == -1 && ferror(from) && errno == EINTR)
        clearerr(from);
    alarm(0);
    if (got == -1 && ferror(from))
        return die("recv()");
    if (got == -1 || echo[got - 1] != '\0') {
        fprintf(stderr, "client - recv(): the server left\n");
        return 1;
    }
    printf("client - recv() is OK.\n");
    printf("The sent message: \"%s\" successfully received by server and echoed back to client!\n", echo);
    printf("%zd bytes received.\n", got);
    free(echo);
    fclose(to);
    fclose(from);
    return 0;
}
