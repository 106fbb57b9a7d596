#include <ctype.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>
#include "helpers.h"

#define SRV_SOCK_PATH "/tmp/uc_srv_socket"
#define CLI_SOCK_PATH "/tmp/uc_cli_socket.%ld"
#define MSG_LEN 10
