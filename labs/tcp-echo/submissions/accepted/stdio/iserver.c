/* iserver: a thread a client, and a FILE over each connection. */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *talk(void *argument)
{
    FILE *from = argument, *to = fdopen(dup(fileno(from)), "w");
    char *message = NULL;
    size_t room = 0;
    ssize_t size;
    printf("I am waiting client(s) to send message(s) to me...\n");
    while ((size = getdelim(&message, &room, '\0', from)) < 0 && ferror(from) && errno == EINTR)
        clearerr(from);
    if (size < 0) {
        if (ferror(from))
            perror("Iserver - recv() error");
        else
            fprintf(stderr, "Iserver - recv() brought nothing\n");
    } else if (to) {
        printf("The message from client: \"%.*s\"\n", (int)size, message);
        printf("Echoing it back to client...\n");
        int failed = fwrite(message, 1, size, to) != (size_t)size;
        while ((failed |= fflush(to) != 0) && errno == EINTR) {
            clearerr(to);
            failed = 0;
        }
        if (failed)
            perror("Iserver - send() error");
        else
            printf("Iserver - send() is OK.\n");
    }
    free(message);
    if (to)
        fclose(to);
    fclose(from);
    return NULL;
}

int main(int argc, char *argv[])
{
    int count = 1, door, one = 1, i;
    signal(SIGPIPE, SIG_IGN);
    if (argc == 1)
        printf("Usage: %s <The_number_of_client_connection else 1 will be used>\n", argv[0]);
    else if (sscanf(argv[1], "%d", &count) != 1 || count <= 0) {
        fprintf(stderr, "Iserver - N must be a positive number\n");
        return 1;
    }
    if ((door = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)) == -1) {
        perror("Iserver - socket() error");
        return 1;
    }
    printf("Iserver - socket() is OK\n");
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    printf("Binding the socket...\n");
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(12345);
    address.sin_addr.s_addr = INADDR_ANY;
    if (bind(door, (struct sockaddr *)&address, sizeof address) == -1) {
        perror("Iserver - bind() error");
        return 1;
    }
    printf("Iserver - bind() is OK\n");
    if (listen(door, 10) == -1) {
        perror("Iserver - listen() error");
        return 1;
    }
    printf("Iserver - listen() is OK\n");
    printf("The Iserver is ready!\n");
    for (i = 0; i < count; i++) {
        int fd;
        FILE *stream;
        pthread_t thread;
        printf("Iteration: #%d\n", i + 1);
        printf(" waiting on accept()\n");
        while ((fd = accept(door, NULL, NULL)) == -1)
            if (errno != EINTR && errno != ECONNABORTED) {
                perror("Iserver - accept() error");
                return 1;
            }
        printf("accept() is OK and completed successfully!\n");
        stream = fdopen(fd, "r");
        if (stream == NULL || pthread_create(&thread, NULL, talk, stream) != 0) {
            fprintf(stderr, "Iserver - no thread for a client\n");
            return 1;
        }
        pthread_join(thread, NULL);
    }
    close(door);
    return 0;
}
