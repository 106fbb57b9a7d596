/* Prog 3 - writer process */
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#define say(s) write(1, s, strlen(s))

int main(int argc, char **argv)
{
	key_t k = 0x64;
	int shmid;
	char *shm, *p;
	const char *q = "Hello";

	if ((shmid = shmget(k, 1 << 10, 0644 | IPC_CREAT)) < 0) {
		perror("shmget");
		return 1;
	}
	say("got the segment\n");
	if ((shm = shmat(shmid, NULL, 0)) == (char *) -1) {
		perror("shmat");
		return 1;
	}
	say("attached ");
	for (p = shm; (*p = *q) != '\0'; p++, q++)
		;
	say("written ");
	if (shmdt(shm) < 0) {
		perror("shmdt");
		return 1;
	}
	say("detached, bye");
	return 0;
}