/* iserver: a process a client, messages by recvmsg() and writev(). */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 100

static void say(const char *text)
{
    fputs(text, stdout);
    fputc('\n', stdout);
    fflush(stdout);
}

static ssize_t read_message(int fd, char *data)
{
    size_t have = 0;
    while (have < SIZE && !memchr(data, 0, have)) {
        struct iovec part = {data + have, SIZE - have};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        ssize_t n = recvmsg(fd, &message, 0);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n == 0)
            break;
        if (n > 0)
            have += n;
    }
    return have;
}

static int write_message(int fd, char *data, size_t size)
{
    while (size) {
        size_t half = size / 2;
        struct iovec parts[2] = {{data, half}, {data + half, size - half}};
        ssize_t n = writev(fd, parts, 2);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            data += n;
            size -= n;
        }
    }
    return 0;
}

static int child(int fd)
{
    char data[SIZE];
    ssize_t size;
    int first = 1;
    say("I am waiting client(s) to send message(s) to me...");
    do {
        size = read_message(fd, data);
        if (size < 0) {
            perror("Iserver - recv() error");
            return 1;
        }
        if (size == 0 && first) {
            fprintf(stderr, "Iserver - recv(): end of file\n");
            return 1;
        }
        if (first) {
            printf("The message from client: \"%.*s\"\n", (int)size, data);
            say("Echoing it back to client...");
        }
        first = 0;
        if (write_message(fd, data, size) < 0) {
            perror("Iserver - send() error");
            return 1;
        }
    } while (size == SIZE && !memchr(data, 0, SIZE));
    say("Iserver - send() is OK.");
    return 0;
}

int main(int argc, char *argv[])
{
    char *rest = "";
    long n = 1;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    if (argc > 1)
        n = strtol(argv[1], &rest, 10);
    else
        printf("Usage: %s <The_number_of_client_connection else 1 will be used>\n", argv[0]);
    if (n <= 0 || *rest) {
        fprintf(stderr, "Iserver - bad number of clients\n");
        return 1;
    }
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (s < 0) {
        perror("Iserver - socket() error");
        return 1;
    }
    say("Iserver - socket() is OK");
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    say("Binding the socket...");
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(12345), .sin_addr = {htonl(INADDR_ANY)}};
    if (bind(s, (struct sockaddr *)&a, sizeof a) < 0) {
        perror("Iserver - bind() error");
        return 1;
    }
    say("Iserver - bind() is OK");
    if (listen(s, 5) < 0) {
        perror("Iserver - listen() error");
        return 1;
    }
    say("Iserver - listen() is OK");
    say("The Iserver is ready!");
    for (long i = 1; i <= n;) {
        printf("Iteration: #%ld\n", i++);
        say(" waiting on accept()");
        int fd;
        do
            fd = accept(s, NULL, NULL);
        while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
        if (fd < 0) {
            perror("Iserver - accept() error");
            return 1;
        }
        say("accept() is OK and completed successfully!");
        pid_t pid = fork();
        if (pid < 0) {
            perror("Iserver - fork() error");
            return 1;
        }
        if (pid == 0) {
            close(s);
            exit(child(fd));
        }
        close(fd);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(s);
    return 0;
}
