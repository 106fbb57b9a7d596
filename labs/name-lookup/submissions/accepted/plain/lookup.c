#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <netdb.h>

int main(int argc, char *argv[])
{
    struct hostent *host;
    struct in_addr addr;
    int i;

    if (argc < 2) {
        fprintf(stderr, "usage: lookup NAME_OR_ADDRESS\n");
        exit(1);
    }
    if (inet_pton(AF_INET, argv[1], &addr) == 1) {
        host = gethostbyaddr((char *)&addr, sizeof(addr), AF_INET);
        if (host == NULL) {
            fprintf(stderr, "gethostbyaddr(%s): %s\n", argv[1], hstrerror(h_errno));
            exit(1);
        }
        printf("name: %s\n", host->h_name);
        printf("address: %s\n", argv[1]);
        return 0;
    }
    host = gethostbyname(argv[1]);
    if (host == NULL) {
        fprintf(stderr, "gethostbyname(%s): %s\n", argv[1], hstrerror(h_errno));
        exit(1);
    }
    printf("name: %s\n", host->h_name);
    if (strcmp(host->h_name, argv[1]) != 0)
        printf("alias: %s\n", argv[1]);
    for (i = 0; host->h_addr_list[i] != NULL; i++)
        printf("address: %s\n", inet_ntoa(*(struct in_addr *)host->h_addr_list[i]));
    return 0;
}
