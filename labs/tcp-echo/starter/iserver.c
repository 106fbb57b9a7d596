/* iserver [N]: takes N connections (default 1) one after another and echoes one message on each. */
#include <arpa/inet.h>
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
    int clients = 1;

    if (argc < 2)
        printf("Usage: %s <The_number_of_client_connection else 1 will be used>\n", argv[0]);
    /* TODO: with an argument, take the number of clients from it. */

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0) {
        perror("Iserver - socket() error");
        return 1;
    }
    printf("Iserver - socket() is OK\n");

    /* TODO: fill in a struct sockaddr_in (family, every address, the port in network byte order), bind the
       socket to it and listen. Look at what each call returns, and print the line that belongs to it. */

    for (int i = 1; i <= clients; i++) {
        printf("Iteration: #%d\n", i);
        /* TODO: accept a connection, receive the message into a buffer of BUFFER_SIZE bytes, print it, send
           back as many bytes as came, close the connection. */
    }

    close(listener);
    return 0;
}
