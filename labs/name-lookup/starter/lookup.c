/* lookup NAME_OR_ADDRESS: the addresses of a name, or the name of an address. */

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "Usage: %s NAME_OR_ADDRESS\n", argv[0]);
        return 1;
    }

    /* TODO: is it an address? inet_pton tells, for AF_INET and for AF_INET6. */

    /* TODO: an address: ask for its name (gethostbyaddr or getnameinfo). What if it has none? */

    /* TODO: a name: ask for its addresses (gethostbyname or getaddrinfo). What if there is no such host?
     * Print the host's own name, the name that was asked for when it is another one, and each address. */

    return 0;
}
