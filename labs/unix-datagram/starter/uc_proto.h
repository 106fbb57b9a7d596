/* What client and server agree on. */

#ifndef UC_PROTO_H
#define UC_PROTO_H

#define SRV_SOCK_PATH "/tmp/uc_srv_socket"
#define CLI_SOCK_PATH "/tmp/uc_cli_socket.%ld" /* with the client's pid */
#define MSG_LEN       10                       /* a message has at most so many bytes, and no NUL */

#endif
