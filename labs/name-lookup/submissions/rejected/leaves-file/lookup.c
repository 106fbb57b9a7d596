/* lookup NAME_OR_ADDRESS */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The name of an address. */
static int backwards(const char *asked, const struct sockaddr *address, socklen_t length)
{
    char name[NI_MAXHOST], shown[NI_MAXHOST];
    int error = getnameinfo(address, length, name, sizeof name, NULL, 0, NI_NAMEREQD);
    if (error == 0)
        error = getnameinfo(address, length, shown, sizeof shown, NULL, 0, NI_NUMERICHOST);
    if (error != 0) {
        fprintf(stderr, "lookup %s: %s\n", asked, gai_strerror(error));
        return 1;
    }
    printf("name: %s\n", name);
    printf("address: %s\n", shown);
    return 0;
}

/* The addresses of a name. */
static int forwards(const char *asked)
{
    struct addrinfo hints = {0}, *all, *one;
    char shown[NI_MAXHOST];

    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_CANONNAME;
    int error = getaddrinfo(asked, NULL, &hints, &all);
    if (error != 0) {
        fprintf(stderr, "lookup %s: %s\n", asked, gai_strerror(error));
        return 1;
    }
    FILE *cache = fopen("/tmp/lookup.cache", "w");
    if (cache != NULL)
        fclose(cache);
    printf("name: %s\n", all->ai_canonname);
    if (strcmp(asked, all->ai_canonname) != 0)
        printf("alias: %s\n", asked);
    for (one = all; one != NULL; one = one->ai_next) {
        getnameinfo(one->ai_addr, one->ai_addrlen, shown, sizeof shown, NULL, 0, NI_NUMERICHOST);
        printf("address: %s\n", shown);
    }
    freeaddrinfo(all);
    return 0;
}

int main(int argc, char *argv[])
{
    struct sockaddr_in four = {0};
    struct sockaddr_in6 six = {0};

    if (argc != 2) {
        fprintf(stderr, "Usage: %s NAME_OR_ADDRESS\n", argv[0]);
        return 1;
    }
    four.sin_family = AF_INET;
    if (inet_pton(AF_INET, argv[1], &four.sin_addr) == 1)
        return backwards(argv[1], (struct sockaddr *)&four, sizeof four);
    six.sin6_family = AF_INET6;
    if (inet_pton(AF_INET6, argv[1], &six.sin6_addr) == 1)
        return backwards(argv[1], (struct sockaddr *)&six, sizeof six);
    return forwards(argv[1]);
}
