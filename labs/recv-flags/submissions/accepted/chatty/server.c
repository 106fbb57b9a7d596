#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int c = -1;

/* Only calls that a signal handler may make. */
static void on_urgent(int sig)
{
	char line[] = "urgent: ?\n";
	int saved = errno;

	(void)sig;
	if (recv(c, line + 8, 1, MSG_OOB) == 1) {
		if (write(1, line, sizeof line - 1) < 0)
			_exit(4);
		send(c, "urgent\n", 7, MSG_NOSIGNAL);
	}
	errno = saved;
}

static long get(void *to, size_t length, int flags)
{
	struct iovec part = { to, length };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	long n;

	do
		n = recvmsg(c, &m, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err(3, "recvmsg");
	return n;
}

int main(void)
{
	struct sockaddr_in me4 = { .sin_family = AF_INET, .sin_port = htons(7100) };
	struct sigaction act = { .sa_handler = on_urgent };
	static char all[20000];
	int one = 1, s;
	sigset_t urg;

	setvbuf(stdout, NULL, _IONBF, 0);
	sigemptyset(&urg);
	sigaddset(&urg, SIGURG);
	sigaction(SIGURG, &act, NULL);
	if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		err(3, "socket");
	if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
		err(3, "setsockopt");
	if (bind(s, (struct sockaddr *)&me4, sizeof me4) < 0)
		err(3, "bind");
	if (listen(s, 1) < 0)
		err(3, "listen");
	printf("waiting... ");
	do
		c = accept(s, NULL, NULL);
	while (c < 0 && errno == EINTR);
	if (c < 0)
		err(3, "accept");
	printf("somebody has come\n");
	if (fcntl(c, F_SETOWN, getpid()) < 0)
		err(3, "fcntl");
	/* One may have come before we asked for the signal. */
	sigprocmask(SIG_BLOCK, &urg, NULL);
	on_urgent(0);
	sigprocmask(SIG_UNBLOCK, &urg, NULL);
	for (;;) {
		char head[5] = "", reply[30];
		long n = get(head, 4, MSG_PEEK | MSG_WAITALL), length, have = 0;

		if (n == 0)
			break;
		if (n < 4 || !isdigit(head[0]) || !isdigit(head[1]) || !isdigit(head[2]) || !isdigit(head[3]))
			errx(3, "that is no length: %s", head);
		printf("peeked: %s\n", head);
		length = strtol(head, NULL, 10) + 4;
		/* a signal and a mark both cut it short */
		while (have < length && (n = get(all + have, length - have, MSG_WAITALL)) > 0)
			have += n;
		printf("message: %ld of %ld bytes: ", have - 4, length - 4);
		fwrite(all + 4, 1, have - 4, stdout);
		printf("\n");
		sprintf(reply, "%ld of %ld\n", have - 4, length - 4);
		while (send(c, reply, strlen(reply), MSG_NOSIGNAL) < 0)
			if (errno != EINTR) {
				warn("send");
				break;
			}
	}
	printf("end\nthat was it");
	return 0;
}
