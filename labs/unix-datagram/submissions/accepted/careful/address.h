#ifndef ADDRESS_H
#define ADDRESS_H

#include <sys/socket.h>
#include <sys/un.h>

#define SERVER_PATH "/tmp/uc_srv_socket"
#define CLIENT_PATH "/tmp/uc_cli_socket"
#define MESSAGE_MAX 10

/* A path with the length that the kernel wants beside it. */
struct address {
    struct sockaddr_un un;
    socklen_t length;
};

/* Fills it in; -1 with errno = ENAMETOOLONG when the path does not fit. */
int address_of(struct address *address, const char *path);

/* The path in it, "(no name)" for a socket that was never bound. */
const char *address_path(const struct address *address);

#endif
