#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 *  Upper case server. The signal handler writes into a pipe; poll would do, too, but here the
 *  handler just jumps out of recvmsg: it is installed without SA_RESTART.
 */

char *name = "/tmp/uc_srv_socket";
int ended = 0;

void on_signal(int s) { unlink(name); _exit(0); }

int main()
{
	struct sigaction sa;
	struct stat st;
	struct sockaddr_un me, you;
	struct iovec iov;
	struct msghdr msg;
	char line[11];
	int s, i, n;

	printf("=== UPPER CASE SERVER ===\n");

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);

	if (lstat(name, &st) == 0) {
		printf("There is something already... ");
		if (!S_ISSOCK(st.st_mode)) {
			printf("not mine!\n");
			fprintf(stderr, "%s is not a socket, giving up\n", name);
			return 3;
		}
		printf("an old socket. Removed.\n");
		remove(name);
	}

	s = socket(PF_UNIX, SOCK_DGRAM, 0);
	if (s == -1) { perror("socket"); return 1; }
	bzero(&me, sizeof me);
	me.sun_family = PF_UNIX;
	strcpy(me.sun_path, name);
	if (bind(s, (struct sockaddr *)&me, SUN_LEN(&me)) == -1) { perror("bind"); return 1; }
	printf("Waiting for messages on %s\n>>> ", name);
	fflush(stdout);

	while (!ended) {
		bzero(&you, sizeof you);
		bzero(&msg, sizeof msg);
		iov.iov_base = line;
		iov.iov_len = 10;
		msg.msg_name = &you;
		msg.msg_namelen = sizeof you;
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		n = recvmsg(s, &msg, 0);
		if (n == -1) {
			if (errno == EINTR)
				continue;
			perror("recvmsg");
			unlink(name);
			return 1;
		}
		line[n] = '\0';
		printf("server received %d bytes from %s\n", n, you.sun_path);
		printf("    (that was '%s'%s)\n>>> ", line, msg.msg_flags & MSG_TRUNC ? ", cut" : "");
		fflush(stdout);
		for (i = 0; i < n; i++)
			if (strchr("abcdefghijklmnopqrstuvwxyz", line[i]) && line[i])
				line[i] = line[i] - 'a' + 'A';
		iov.iov_len = n;
		msg.msg_flags = 0;
		if (sendmsg(s, &msg, 0) == -1)
			perror("sendmsg");
	}
	return 0;
}
