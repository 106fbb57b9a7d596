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

static struct sockaddr_un me = { AF_UNIX, "/tmp/us_srv_socket" };
static int signals;

static int say_and_go(const char *what)
{
	perror(what);
	return EXIT_FAILURE;
}

/* 1: there is something on fd; 0: somebody wants us to stop */
static int wait_for(int fd)
{
	struct pollfd both[2] = { { fd, POLLIN, 0 }, { signals, POLLIN, 0 } };

	while (poll(both, 2, -1) < 0)
		;
	return !both[1].revents;
}

int main(int argc, char **argv)
{
	sigset_t set;
	struct stat st;
	int s, c, n = 0, rc;

	printf("*** upper case server ***\n");
	if (argc > 1) {
		if (strlen(argv[1]) > sizeof me.sun_path - 1) {
			fprintf(stderr, "path too long, at most %zu characters\n", sizeof me.sun_path - 1);
			return EXIT_FAILURE;
		}
		strcpy(me.sun_path, argv[1]);
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if ((signals = signalfd(-1, &set, 0)) < 0)
		return say_and_go("signalfd");
	if ((s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return say_and_go("socket() failed");
	if (!lstat(me.sun_path, &st) && (st.st_mode & S_IFMT) == S_IFSOCK) {
		printf("removing old socket... ");
		unlink(me.sun_path);
	}
	if (bind(s, (struct sockaddr *)&me, sizeof me) < 0)
		return say_and_go("bind() failed");
	if (listen(s, SOMAXCONN) < 0) {
		rc = say_and_go("listen() failed");
		goto out;
	}
	printf("listening on %s\n", me.sun_path);
	rc = EXIT_SUCCESS;
	while (wait_for(s)) {
		char data[333];
		struct iovec part = { data, sizeof data };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
		long total = 0, got, i;

		if ((c = accept4(s, NULL, NULL, SOCK_CLOEXEC)) < 0)
			continue;
		printf("somebody is there\n");
		for (;;) {
			if (!wait_for(c)) {
				close(c);
				goto out;
			}
			part.iov_base = data;
			part.iov_len = sizeof data;
			if ((got = recvmsg(c, &m, 0)) <= 0)
				break;
			total += got;
			for (i = 0; i < got; i++)
				if (data[i] >= 'a' && data[i] <= 'z')
					data[i] ^= 32;
			part.iov_len = got;
			while (part.iov_len) {
				long sent = sendmsg(c, &m, 0);

				if (sent < 0)
					break;
				part.iov_base = (char *)part.iov_base + sent;
				part.iov_len -= sent;
			}
			if (part.iov_len) {
				perror("sendmsg() failed");
				break;
			}
		}
		printf("client %d: %ld bytes\n", ++n, total);
		close(c);
	}
out:
	close(s);
	unlink(me.sun_path);
	printf("bye");
	return rc;
}
