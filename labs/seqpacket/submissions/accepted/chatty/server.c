#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static const struct sockaddr_un me = { AF_UNIX, "/tmp/sp_srv_socket" };
static int mine, signals;

static void bye(int status)
{
	if (mine)
		unlink(me.sun_path);
	exit(status);
}

static void sorry(const char *what)
{
	perror(what);
	bye(2);
}

static void wait_for(int fd)
{
	struct pollfd both[2] = { { fd, POLLIN, 0 }, { signals, POLLIN, 0 } };

	while (poll(both, 2, -1) < 0)
		;
	if (both[1].revents) {
		printf("asked to stop\n");
		bye(0);
	}
}

int main(void)
{
	static char big[70000];
	char control[100], answer[30];
	sigset_t set;
	struct stat st;
	int s, c, one = 1, count = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, 0);
	signal(SIGPIPE, SIG_IGN);

	if ((s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) < 0)
		sorry("socket() failed");
	/* accepted connections inherit it */
	if (setsockopt(s, SOL_SOCKET, SO_PASSCRED, &one, sizeof one))
		sorry("setsockopt() failed");
	if (!lstat(me.sun_path, &st) && S_ISSOCK(st.st_mode))
		unlink(me.sun_path);
	if (bind(s, (const struct sockaddr *)&me, sizeof me))
		sorry("bind() failed");
	mine = 1;
	if (listen(s, 1))
		sorry("listen() failed");
	printf("waiting for a client on %s ... ", me.sun_path);
	fflush(stdout);
	wait_for(s);
	if ((c = accept4(s, NULL, NULL, SOCK_CLOEXEC)) < 0)
		sorry("accept() failed");
	printf("there it is\n");
	for (;;) {
		struct iovec part = { big, sizeof big };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
		long n;

		wait_for(c);
		n = recvmsg(c, &m, 0);
		if (n < 0)
			sorry("recvmsg() failed");
		if (n == 0 && m.msg_controllen == 0)
			break;
		if (n > 16)
			sprintf(answer, "16 bytes, cut");
		else
			sprintf(answer, "%ld bytes", n);
		printf("record %d: %s: ", ++count, answer);
		fwrite(big, 1, n > 16 ? 16 : n, stdout);
		printf("\n");
		part.iov_base = answer;
		part.iov_len = strlen(answer);
		m = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
		if (sendmsg(c, &m, 0) < 0)
			perror("sendmsg() failed");
	}
	printf("end after %d records\nthat was all", count);
	bye(0);
}
