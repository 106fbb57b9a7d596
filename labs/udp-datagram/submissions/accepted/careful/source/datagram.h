#pragma once

#include <netdb.h>

/* Looks up `host` (NULL: this machine, every address) for datagrams to or from the lab's port and opens a
   socket for it, which is announced on standard output. Returns the descriptor and the address in `where`,
   to be freed with freeaddrinfo; or -1 after a complaint on standard error. */
int datagram_socket(const char *host, struct addrinfo **where);

/* "CALL failed [REASON]" on standard error; closes fd; gives EXIT_FAILURE. */
int give_up(const char *call, int fd);
