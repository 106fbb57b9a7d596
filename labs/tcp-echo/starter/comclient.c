/* comclient HOST: sends one line to the iserver at HOST and prints the echo. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_PORT 12345
#define BUFFER_SIZE 100

int main(int argc, char *argv[])
{
    if (argc != 2) {
        /* TODO: print the usage line and end with a status that is not 0. */
    }

    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0) {
        perror("client - socket() error");
        return 1;
    }
    printf("client - socket() is OK.\n");

    /* TODO: find the address of argv[1] and connect to it. */

    printf("Enter message to be sent to server:\n");
    /* TODO: read one line into a buffer of BUFFER_SIZE bytes, without its newline. */

    /* TODO: send it with its NUL and print how many bytes were sent. */

    /* TODO: receive the echo, print it and how many bytes were received. */

    close(server);
    return 0;
}
